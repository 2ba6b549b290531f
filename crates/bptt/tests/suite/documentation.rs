//! The pages of derivations: what they name exists, what they link to resolves, and KaTeX sets every equation.

use std::path::{Path, PathBuf};
use std::process::Command;

fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All pages of `docs`: path and text.
fn pages() -> Vec<(PathBuf, String)> {
    let folder = crate_folder().join("docs");
    let mut pages: Vec<(PathBuf, String)> = std::fs::read_dir(&folder)
        .expect("the folder docs")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| (path.clone(), std::fs::read_to_string(&path).expect("a page")))
        .collect();
    pages.sort();
    assert!(pages.len() >= 9, "{pages:?}");
    pages
}

/// Code spans outside of fenced blocks.
fn code_spans(text: &str) -> Vec<&str> {
    text.split("\n```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_path_on_the_pages_exists() {
    let mut missing = Vec::new();
    let mut found = 0;
    for (page, text) in pages() {
        for span in code_spans(&text) {
            let plain = span.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
            let ends = [".rs", ".md", ".py", ".sh", "/"].iter().any(|end| span.ends_with(end));
            if plain && ends && span.contains('/') {
                found += 1;
                // In the crate, or, for scripts, in the repository.
                let places = [crate_folder().join(span), crate_folder().join("../..").join(span)];
                if !places.iter().any(|place| place.exists()) {
                    missing.push(format!("{}: {span}", page.display()));
                }
            }
        }
    }
    assert!(found > 20, "only {found} paths were found");
    assert!(missing.is_empty(), "no such files:\n{}", missing.join("\n"));
}

/// `[text](target)` and ``[`target`]`` outside of fenced blocks.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for prose in text.split("\n```").step_by(2) {
        for part in prose.split("](").skip(1) {
            links.extend(part.split_once(')').map(|(target, _)| target.to_owned()));
        }
        for part in prose.split("[`").skip(1) {
            links.extend(part.split_once("`]").map(|(target, _)| target.to_owned()));
        }
    }
    links
}

/// Whether `crate::a::b::Item` is a public item: its module's file declares it, or the crate exports it again.
fn resolves(target: &str) -> bool {
    let Some(path) = target.strip_prefix("crate::") else { return target.starts_with("https://") };
    let parts: Vec<&str> = path.split("::").collect();
    let read = |path: PathBuf| std::fs::read_to_string(path).ok();
    let source = |parts: &[&str]| {
        let folder = parts.iter().fold(crate_folder().join("src"), |folder, part| folder.join(part));
        read(folder.join("mod.rs")).or_else(|| read(folder.with_extension("rs")))
    };
    let lib = read(crate_folder().join("src/lib.rs")).expect("the crate's root");
    let declares = |source: &str, name: &str| {
        let word =
            |line: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
        let items =
            ["pub fn", "pub struct", "pub enum", "pub mod", "pub const", "pub trait", "pub type", "pub use"];
        let public = |line: &&str| items.iter().any(|item| line.trim_start().starts_with(item));
        source.lines().filter(public).any(word)
    };
    // Names of an exported list stand on lines of their own.
    let exported = |name: &str| {
        lib.split("pub use ").skip(1).any(|list| {
            list.split(';').next().is_some_and(|list| {
                list.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name)
            })
        })
    };
    match parts[..] {
        [name] => declares(&lib, name) || exported(name),
        [item, method] if exported(item) => {
            let declared = |path: &Path| read(path.to_owned()).is_some_and(|text| declares(&text, method));
            sources(&crate_folder().join("src")).iter().any(|path| declared(path))
        }
        [ref module @ .., name] => source(module).is_some_and(|source| declares(&source, name)),
        [] => false,
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

#[test]
fn every_link_on_the_pages_resolves() {
    let mut broken = Vec::new();
    let mut found = 0;
    for (page, text) in pages() {
        for link in links(&text) {
            found += 1;
            if !resolves(&link) {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(found > 20, "only {found} links were found");
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
    for wrong in ["crate::nothing", "crate::probe::nothing", "crate::backpropagation::nothing", "lstm.md"] {
        assert!(!resolves(wrong), "{wrong}");
    }
}

/// Every page with equations is a module's documentation, and has the loader that sets them.
#[test]
fn every_page_with_equations_is_shown_with_the_loader() {
    let shown: Vec<String> = sources(&crate_folder().join("src"))
        .iter()
        .map(|path| std::fs::read_to_string(path).expect("source"))
        .collect();
    for (page, text) in pages().iter().filter(|(_, text)| text.contains("```math")) {
        let file = page.file_name().and_then(|name| name.to_str()).expect("a name");
        let mut places = 0;
        for source in &shown {
            let lines: Vec<&str> = source.lines().map(str::trim).collect();
            for (at, _) in lines.iter().enumerate().filter(|(_, line)| {
                line.contains("doc = include_str!") && line.contains(&format!("docs/{file}\""))
            }) {
                places += 1;
                assert!(
                    lines[at + 1].contains("cfg_attr(doc") && lines[at + 1].contains("docs/katex/katex.html"),
                    "the line after the one that includes {file} must include the loader"
                );
            }
        }
        assert!(places > 0, "no module shows {file}");
        assert!(text.starts_with("# "), "{file} needs a title");
    }
}

/// Sets every equation by the vendored KaTeX in node. Skips, with a printed reason, without node.
#[test]
fn katex_sets_every_equation() {
    let mut equations: Vec<(String, bool)> = Vec::new();
    for (_, text) in pages() {
        for (index, part) in text.split("\n```").enumerate() {
            if index % 2 == 1 {
                equations.extend(part.strip_prefix("math\n").map(|math| (math.to_owned(), true)));
            } else {
                // $`…`$
                let inline = part.split("$`").skip(1).filter_map(|part| part.split_once("`$"));
                equations.extend(inline.map(|(math, _)| (math.to_owned(), false)));
            }
        }
    }
    assert!(equations.len() > 200, "{} equations", equations.len());
    let loader = std::fs::read_to_string(crate_folder().join("docs/katex/katex.html")).expect("the loader");
    let program = loader.split("<script>").nth(1).and_then(|rest| rest.split("</script>").next());
    let set = r#"
        const errors = [];
        for (const [math, displayMode] of equations) {
            try {
                const html = katex.renderToString(math, { displayMode, throwOnError: true, strict: "error" });
                // Fonts that the loader has not taken.
                const font = /class="[^"]*\b(mathbb|mathbf|boldsymbol|mathcal|mathfrak|mathscr|mathsf|amsrm|textbf|textit|mathit)\b/.exec(html);
                if (font) errors.push(math + ": needs the font of " + font[1]);
            }
            catch (error) { errors.push(math + ": " + error.message); }
        }
        console.log(errors.length ? errors.join("\n") : "all " + equations.length + " equations");
    "#;
    let run = |equations: &[(String, bool)]| -> Option<String> {
        let equations = serde_json::to_string(equations).expect("JSON");
        let script = tempfile(&format!(
            "{}\nconst katex = module.exports;\nconst equations = {equations};\n{set}",
            program.expect("KaTeX")
        ));
        let output = Command::new("node").arg(&script).output();
        std::fs::remove_file(&script).expect("it was written");
        let output = output.ok()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(said) = run(&equations) else {
        println!("skipped: node cannot be run here");
        return;
    };
    assert_eq!(said, format!("all {} equations", equations.len()));
    let wrong = run(&[("\\frac{1}".to_owned(), true)]).expect("node");
    assert!(wrong.contains("KaTeX parse error"), "{wrong}");
    let wrong = run(&[("\\mathbb{R}".to_owned(), false)]).expect("node");
    assert!(wrong.contains("needs the font"), "{wrong}");
}

fn tempfile(text: &str) -> PathBuf {
    let unique = std::process::id();
    let path = std::env::temp_dir().join(format!("composer-katex-{unique}.cjs"));
    std::fs::write(&path, text).expect("a temporary file");
    path
}

/// Builds the documentation with warnings as errors and looks at the pages in Chromium: every equation is set. Slow, because of the
/// documentation. `cargo test -p composer-bptt --test suite -- --ignored documentation`; skips, with a printed reason, without Chromium.
#[test]
#[ignore = "builds the documentation"]
fn chromium_shows_every_equation() {
    let root = crate_folder().join("../..");
    let built = Command::new(env!("CARGO"))
        .args(["doc", "--no-deps", "--offline", "-p", "composer-bptt"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .current_dir(&root)
        .output()
        .expect("cargo");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let said = String::from_utf8_lossy(&built.stderr).into_owned();
    let index = said.split("Generated ").nth(1).and_then(|rest| rest.split("/index.html").next());
    let folder = PathBuf::from(index.expect("where the documentation is"));
    let profile = std::env::temp_dir().join(format!("composer-chromium-{}", std::process::id()));
    let mut seen = 0;
    for (page, text) in pages().iter().filter(|(_, text)| text.contains("```math")) {
        let name = page.file_stem().and_then(|name| name.to_str()).expect("a name");
        let within = if name == "backpropagation" { "" } else { name };
        let html = folder.join("backpropagation").join(within).join("index.html");
        let shown = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000", "--dump-dom"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("file://{}", html.display()))
            .output();
        let Ok(shown) = shown else {
            println!("skipped: chromium cannot be run here");
            return;
        };
        let dom = String::from_utf8_lossy(&shown.stdout);
        let blocks = text.matches("\n```math").count();
        assert_eq!(dom.matches("class=\"katex-block\"").count(), blocks, "{name}");
        for left in ["class=\"katex-failed\"", "class=\"language-math"] {
            assert!(!dom.contains(left), "{name}: {left}");
        }
        seen += blocks + text.matches("$`").count();
        assert!(dom.matches("class=\"katex\"").count() >= blocks + text.matches("$`").count(), "{name}");
    }
    std::fs::remove_dir_all(profile).ok();
    println!("{seen} equations");
}
