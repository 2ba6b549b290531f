  // Sets the formulas of a page: `.formula` holds the TeX.
  const sheet = document.createElement("style");
  sheet.textContent = style;
  document.head.append(sheet);
  // mdBook leaves them as code: a block of the language `math`, or a span between dollar signs.
  document.querySelectorAll("pre > code.language-math").forEach(function (code) {
    const formula = document.createElement("div");
    formula.className = "formula";
    formula.textContent = code.textContent;
    code.parentElement.replaceWith(formula);
  });
  document.querySelectorAll("main :not(pre) > code").forEach(function (code) {
    const before = code.previousSibling, after = code.nextSibling;
    if (!before || !after || before.nodeType !== 3 || after.nodeType !== 3) return;
    if (!before.data.endsWith("$") || !after.data.startsWith("$")) return;
    const formula = document.createElement("span");
    formula.className = "formula";
    formula.textContent = code.textContent;
    before.data = before.data.slice(0, -1);
    after.data = after.data.slice(1);
    code.replaceWith(formula);
  });
  document.querySelectorAll(".formula").forEach(function (element) {
    const source = element.textContent;
    try {
      katex.render(source, element, { displayMode: element.tagName === "DIV", throwOnError: true, strict: "error" });
    } catch (error) {
      element.classList.add("failed");
      element.textContent = source;
      element.title = String(error);
    }
  });
