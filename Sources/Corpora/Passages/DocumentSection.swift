/// A heading and what stands under it, up to the next heading of any level.
package struct DocumentSection: Equatable, Sendable {
    /// The heading without its number; empty for what stands before the first one.
    package var heading: String

    /// The headings that the section stands under, its own last.
    package var path: [String]

    /// The names by which links reach the section as a whole.
    package var anchors: [String]

    /// What stands under the heading, without a subtitle.
    package var blocks: [DocumentBlock]
}

/// A document by its headings.
package struct DocumentOutline: Equatable, Sendable {
    package var title: String

    /// What the page's subject is for, in the words of a reference page's name line: `ls — list directory contents`.
    ///
    /// It is a part of the title, hence no part of any section's text.
    package var purpose: String?

    package var sections: [DocumentSection]

    /// - Parameter fallbackTitle: The title of a document that has none.
    package init(_ document: ParsedDocument, fallbackTitle: String) {
        var sections = [DocumentSection(heading: "", path: [], anchors: [], blocks: [])]
        var levels: [(level: Int, heading: String)] = []
        for block in document.blocks {
            guard case .heading(let level) = block.role else {
                sections[sections.count - 1].blocks.append(block)
                continue
            }
            let heading = HeadingText.cleaned(block.text.string)
            while let last = levels.last, last.level >= level { levels.removeLast() }
            levels.append((level, heading))
            sections.append(
                DocumentSection(heading: heading, path: levels.map(\.heading), anchors: block.anchors, blocks: []))
        }
        // Two headings in a row share the anchors: a link to the first means what follows.
        for index in sections.indices.dropLast() where sections[index].blocks.isEmpty {
            guard sections[index + 1].path.count > sections[index].path.count || sections[index].heading.isEmpty else {
                continue
            }
            sections[index + 1].anchors = sections[index].anchors + sections[index + 1].anchors
        }
        title = DocumentOutline.title(of: document, firstHeading: sections.dropFirst().first?.heading ?? "")
        if title.isEmpty { title = fallbackTitle }
        purpose = DocumentOutline.takePurpose(from: &sections, title: title)
        self.sections = sections.filter { !$0.blocks.isEmpty }
        // Paths begin below the page's own title.
        for index in self.sections.indices where self.sections[index].path.first == title {
            self.sections[index].path.removeFirst()
        }
    }

    /// A site's name in the title (`Queries — Database 3.1 documentation`) gives way to the page's first heading.
    private static func title(of document: ParsedDocument, firstHeading: String) -> String {
        let title = HeadingText.cleaned(document.title)
        if firstHeading.isEmpty { return title }
        if title.isEmpty { return firstHeading }
        for separator in [" — ", " – ", " - ", " | ", " :: ", " · "] {
            if title.hasPrefix(firstHeading + separator) || title.hasSuffix(separator + firstHeading) { return firstHeading }
        }
        return title
    }

    private static func takePurpose(from sections: inout [DocumentSection], title: String) -> String? {
        for index in sections.indices.prefix(3) {
            guard let first = sections[index].blocks.first, first.role == .paragraph,
                let (name, purpose) = nameLine(first.text.string)
            else { continue }
            let heading = sections[index].heading
            guard heading.lowercased() == "name" || name == heading || name == title else { continue }
            sections[index].blocks.removeFirst()
            return purpose
        }
        return nil
    }

    /// The parts of `name — purpose`.
    static func nameLine(_ text: String) -> (name: String, purpose: String)? {
        for dash in [" — ", " – ", " - ", " -- "] {
            guard let range = text.firstRange(of: dash) else { continue }
            let purpose = String(text[range.upperBound...]).trimming { $0.properties.isWhitespace || $0 == "." }
            let count = Words.count(purpose.utf8)
            guard count >= 1, count <= 40 else { return nil }
            return (String(text[..<range.lowerBound]).trimmingWhitespace(), purpose)
        }
        return nil
    }
}
