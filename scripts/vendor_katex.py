#!/usr/bin/env python3
"""Makes crates/bptt/docs/katex/katex.html: KaTeX and a loader in one fragment of HTML, for the pages of rustdoc.

  npm pack katex@0.19.1 && tar xzf katex-0.19.1.tgz
  python scripts/vendor_katex.py package

Rustdoc copies no files beside its pages, so style, program and fonts stand in the fragment itself. Only the fonts that the
pages use are taken; tests/suite/documentation.rs finds a formula that KaTeX cannot set.
"""

import base64
import json
import pathlib
import re
import shutil
import sys

FONTS = ["Main-Regular", "Math-Italic", "Size1-Regular", "Size2-Regular", "Size3-Regular", "Size4-Regular", "Typewriter-Regular"]
TARGET = pathlib.Path(__file__).parent.parent / "crates/bptt/docs/katex"

# A formula is a code block of the language `math`, or a code span between dollar signs, as on GitHub: $`a_i`$.
LOADER = r"""
(function () {
  function set(from, to, block) {
    try { katex.render(from.textContent, to, { displayMode: block, throwOnError: true, strict: "error" }); }
    catch (error) { to.className = "katex-failed"; to.textContent = from.textContent; to.title = String(error); }
  }
  function render() {
    document.querySelectorAll("pre.language-math").forEach(function (pre) {
      var to = document.createElement("div");
      to.className = "katex-block";
      set(pre, to, true);
      (pre.closest(".example-wrap") || pre).replaceWith(to);
    });
    document.querySelectorAll(".docblock code").forEach(function (code) {
      var before = code.previousSibling, after = code.nextSibling;
      if (code.closest("pre") || !before || !after || before.nodeType !== 3 || after.nodeType !== 3) return;
      if (!before.data.endsWith("$") || !after.data.startsWith("$")) return;
      var to = document.createElement("span");
      set(code, to, false);
      before.data = before.data.slice(0, -1);
      after.data = after.data.slice(1);
      code.replaceWith(to);
    });
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", render); else render();
})();
"""
STYLE = """
.katex-block{overflow-x:auto;overflow-y:hidden;padding:.1em 0;margin:.6em 0}
.katex-block .katex-display{margin:.4em 0;text-align:left}
.katex-block .katex-display>.katex{text-align:left}
.katex{font-size:1.1em}
@media(max-width:600px){.katex-block{font-size:.85em}}
.katex-failed{color:#c00;white-space:pre-wrap}
"""


def main():
    package = pathlib.Path(sys.argv[1])
    version = json.loads((package / "package.json").read_text())["version"]
    style = (package / "dist/katex.min.css").read_text()
    # Every `@font-face` of a font that is not taken goes.
    kept = []
    for face in re.findall(r"@font-face\{[^}]*\}", style):
        name = re.search(r"fonts/KaTeX_([\w-]+)\.woff2", face).group(1)
        if name in FONTS:
            font = base64.b64encode((package / f"dist/fonts/KaTeX_{name}.woff2").read_bytes()).decode()
            family, look = re.search(r"font-family:([^;}]+)", face).group(1), re.findall(r"font-(?:style|weight):[^;}]+", face)
            kept.append(f"@font-face{{font-family:{family};{';'.join(look)};src:url(data:font/woff2;base64,{font}) format('woff2')}}")
    assert len(kept) == len(FONTS), "a font is missing"
    style = "".join(kept) + re.sub(r"@font-face\{[^}]*\}", "", style)
    program = (package / "dist/katex.min.js").read_text().strip()
    for text in (style, program):
        assert not re.search("</(script|style)|<!--", text, re.I), "the HTML parser would stop inside"
    TARGET.mkdir(exist_ok=True)
    html = (f"<!-- KaTeX {version}, MIT licence (docs/katex/LICENSE), by scripts/vendor_katex.py -->\n"
            f"<style>{style}{STYLE.strip()}</style>\n<script>{program}</script>\n<script>{LOADER.strip()}</script>\n")
    (TARGET / "katex.html").write_text(html)
    shutil.copy(package / "LICENSE", TARGET / "LICENSE")
    print(f"KaTeX {version}: {len(html) // 1024} KiB")


if __name__ == "__main__":
    main()
