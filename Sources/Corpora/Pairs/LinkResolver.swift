internal import Files

/// Finds the passages that links of a documentation tree lead to.
struct LinkResolver {
    /// A passage: its page's place among the pages, and its own in the page.
    struct Place: Hashable, Comparable {
        var page: Int
        var passage: Int

        static func < (first: Place, second: Place) -> Bool {
            (first.page, first.passage) < (second.page, second.passage)
        }
    }

    private let pages: [DocumentationPage]
    private var pageNumbers: [String: Int] = [:]
    private var anchors: [[String: [Int]]] = []
    /// Names that are unique in the whole tree, as cross references of reStructuredText are.
    private var labels: [String: [Place]] = [:]

    init(_ pages: [DocumentationPage]) {
        self.pages = pages
        for (number, page) in pages.enumerated() {
            pageNumbers[page.path] = number
            let anchors = LinkResolver.anchors(of: page)
            self.anchors.append(anchors)
            for (name, passages) in anchors {
                labels[name] = labels[name] ?? passages.map { Place(page: number, passage: $0) }
            }
        }
    }

    /// What each name on a page stands for: a section's name for all its passages, another for the passage that holds
    /// it, and for the rest of the same text where it begins a definition.
    private static func anchors(of page: DocumentationPage) -> [String: [Int]] {
        var result: [String: [Int]] = [:]
        for section in page.sections {
            for anchor in section.anchors { result[anchor] = section.entries.map(\.passage) }
            for (index, entry) in section.entries.enumerated() {
                var passages = [entry.passage]
                if !entry.terms.isEmpty {
                    passages += section.entries[(index + 1)...].prefix { $0.isContinuation }.map(\.passage)
                }
                for anchor in entry.anchors where result[anchor] == nil { result[anchor] = passages }
            }
        }
        return result
    }

    /// The passages that a link on a page leads to; empty where it leads out of the tree, or nowhere.
    func passages(for target: String, from page: Int) -> [Place] {
        if target.hasPrefix("label:") { return labels[HeadingText.normalized(String(target.dropFirst(6)))] ?? [] }
        guard let (path, fragment) = resolve(target, from: pages[page].path), let number = number(of: path) else {
            return []
        }
        if fragment.isEmpty { return lead(of: number) }
        guard let passages = anchors[number][fragment] else {
            // The name of a reference page's own title, whose section holds nothing but the purpose, means the page.
            return pages[number].titleAnchors.contains(fragment) ? lead(of: number) : []
        }
        return passages.map { Place(page: number, passage: $0) }
    }

    /// What a link to a page as a whole means: what stands under the page's title, on a reference page its description.
    func lead(of number: Int) -> [Place] {
        let page = pages[number]
        let section =
            page.purpose == nil
            ? page.sections.first { $0.heading.isEmpty || $0.heading == page.title }
            : page.sections.first { $0.heading.lowercased() == "description" } ?? page.sections.first
        let entries = section?.entries ?? []
        // The text of the section says what the page is about, the definitions in it say details.
        let texts = entries.filter(\.terms.isEmpty)
        return (texts.isEmpty ? entries : texts).map { Place(page: number, passage: $0.passage) }
    }

    private func number(of path: String) -> Int? {
        for candidate in [path, path + ".html", path + ".md", path + ".rst", path + "/index.html", path + "/README.md"]
        {
            if let number = pageNumbers[candidate] { return number }
        }
        return nil
    }

    /// The path relative to the tree's root, and the name on the page; nil for addresses of other places.
    private func resolve(_ target: String, from page: String) -> (path: String, fragment: String)? {
        let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let address = parts[0].prefix { $0 != "?" }
        if address.hasPrefix("//") || address.prefix(while: { $0 != "/" }).contains(":") { return nil }
        let fragment = parts.count > 1 ? LinkResolver.percentDecoded(parts[1]) : ""
        guard !address.isEmpty else { return fragment.isEmpty ? nil : (page, fragment) }
        var folders = address.hasPrefix("/") ? [] : page.split(separator: "/").dropLast().map(String.init)
        for part in LinkResolver.percentDecoded(address).split(separator: "/") {
            switch part {
            case ".": continue
            case "..": if folders.popLast() == nil { return nil }
            default: folders.append(String(part))
            }
        }
        if address.hasSuffix("/") || folders.isEmpty { folders.append("index.html") }
        return (folders.joined(separator: "/"), fragment)
    }

    private static func percentDecoded(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let value = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
            {
                decoded.append(value)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}
