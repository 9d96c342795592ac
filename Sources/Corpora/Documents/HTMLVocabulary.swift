/// What the reader knows of HTML's elements and of the classes that documentation tools write.
enum HTMLVocabulary {
    /// Elements that begin and end a stretch of text.
    static let blocks: Set<String> = [
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir",
        "div",
        "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
        "hgroup", "hr", "html", "legend", "li", "listing", "main", "menu", "nav", "ol", "optgroup", "option", "p",
        "plaintext", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
    ]

    /// Elements that stand within a text.
    private static let inline: Set<String> = [
        "a", "abbr", "b", "bdi", "bdo", "big", "br", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img",
        "input", "ins",
        "kbd", "label", "link", "mark", "meta", "q", "s", "samp", "script", "small", "source", "span", "strike",
        "strong", "style",
        "sub", "sup", "svg", "time", "tt", "u", "var", "video", "wbr",
    ]

    static func isElement(_ name: String) -> Bool { blocks.contains(name) || inline.contains(name) }

    /// Blocks that are no more than a line break where they stand in a table's row.
    static let breaksWithinRows: Set<String> = [
        "address", "blockquote", "center", "dd", "div", "dl", "dt", "li", "menu", "ol", "p", "pre", "ul",
    ]

    /// Elements whose content is no text of the page.
    static let unseen: Set<String> = [
        "head", "title", "svg", "button", "select", "object", "audio", "video", "canvas", "noscript",
    ]

    /// Texts of links that only lead to the place where they stand, or to the sources.
    static let marks: Set<String> = ["§", "¶", "#", "[#]", "\u{1F517}"]

    /// Classes of notes and warnings.
    static let admonitions: Set<Substring> = [
        "note", "tip", "caution", "warning", "important", "admonition", "attention", "danger", "error", "hint",
    ]

    /// Whether an element is navigation, or another part of the page that belongs to no section.
    static func isLeftOut(_ name: String, _ attributes: HTMLAttributes) -> Bool {
        switch name {
        case "nav", "footer": return true
        case "p", "li", "td", "tr", "h1", "h2", "h3", "h4", "h5", "h6": return false
        default: break
        }
        if attributes["role"] == "navigation" || attributes["role"] == "search" { return true }
        guard let value = attributes["class"], !value.isEmpty else { return false }
        if name == "body" || name == "html" || name == "main" || name == "article" { return false }
        return value.split(separator: " ").contains { leftOutClasses.contains($0.lowercased()) }
    }

    private static let leftOutClasses: Set<String> = [
        "navheader", "navfooter", "toc", "nav", "navbar", "navigation", "sidebar", "sphinxsidebar", "related",
        "breadcrumb", "breadcrumbs", "headerlink", "permalink", "heading-anchor", "skip-link", "toctree-wrapper",
        "page-toc", "site-header", "site-footer", "nav-chapters", "mw-editsection", "toc-backref-list",
    ]
}
