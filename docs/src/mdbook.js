// For mdBook only: a link to a file of the repository leads nowhere in the book, and one between items of a crate's documentation leads to the
// page of that name. `composer course` does the same when it makes its pages (markdown.rs).
(function () {
  const root = new URL(typeof path_to_root === "string" ? path_to_root || "./" : "./", location.href).href;
  const derivation = /(?:^crate::backpropagation::|\/crates\/bptt\/docs\/)(\w+?)(?:\.html)?$/;
  document.querySelectorAll("main a[href]").forEach(function (link) {
    const page = link.getAttribute("href").match(derivation);
    if (page) {
      link.href = root + "derivations/" + page[1] + ".html";
    } else if (link.protocol === "crate:" || (link.protocol === location.protocol && link.host === location.host && !link.href.startsWith(root))) {
      const name = document.createElement("span");
      name.className = "file";
      name.title = "in the repository: " + link.getAttribute("href").replace(/^(\.\.\/)+/, "").replace(/\.html$/, ".md");
      name.append(...link.childNodes);
      link.replaceWith(name);
    }
  });
  // What scrolls can be reached by the keyboard.
  document.querySelectorAll("main p > img").forEach(function (image) { image.parentElement.tabIndex = 0; });
})();
