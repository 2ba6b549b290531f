  // Sets the formulas of a page: `.formula` holds the TeX.
  const sheet = document.createElement("style");
  sheet.textContent = style;
  document.head.append(sheet);
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
