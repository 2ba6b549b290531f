//! KaTeX sets every formula of the lessons. Skips, with a printed reason, without node.

use crate::common::{chapters, prose};
use composer_bptt::backpropagation::KATEX;
use std::process::Command;

#[test]
fn katex_sets_every_formula() {
    let mut formulas: Vec<(String, bool)> = Vec::new();
    for (_, text) in chapters() {
        for block in text.split("```math\n").skip(1) {
            formulas.extend(block.split("\n```").next().map(|formula| (formula.to_owned(), true)));
        }
        let prose = prose(text);
        let inline = prose.split("$`").skip(1).filter_map(|part| part.split_once("`$"));
        formulas.extend(inline.map(|(formula, _)| (formula.to_owned(), false)));
    }
    assert!(formulas.len() > 60, "{} formulas", formulas.len());
    let program =
        KATEX.split_once("<script>").and_then(|(_, rest)| rest.split_once("</script>")).expect("KaTeX").0;
    let formulas = serde_json::to_string(&formulas).expect("JSON");
    let script = format!(
        "{program}\nconst katex = module.exports;\nconst errors = [];\nfor (const [formula, displayMode] of {formulas}) {{\n\
         try {{ const html = katex.renderToString(formula, {{ displayMode, throwOnError: true, strict: 'error' }});\n\
         if (/class=\"[^\"]*\\b(mathbb|mathbf|boldsymbol|mathcal|amsrm|textbf|textit)\\b/.test(html)) errors.push(formula + ': a font that is not there'); }}\n\
         catch (error) {{ errors.push(formula + ': ' + error.message); }} }}\nconsole.log(errors.join('\\n'));\n"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("formulas.cjs");
    std::fs::write(&path, script).expect("a file");
    let Ok(output) = Command::new("node").arg(&path).output() else {
        println!("skipped: node cannot be run here");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "");
}
