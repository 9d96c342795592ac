internal import Files

/// The formats that documentation is read in.
public enum DocumentFormat: String, CaseIterable, Codable, Sendable {
    case html
    case markdown
    case restructuredText
    case manualPage
    case plainText

    /// The format that a file's name says; nil for files that are no documentation.
    ///
    /// Manual pages end in the number of their section (`ls.1`, `printf.3p`); whether such a file is one is only known
    /// from its content, see ``isManualPage(_:)``.
    public init?(path: String) {
        switch FileSystem.fileExtension(of: path) {
        case "html", "htm", "xhtml": self = .html
        case "md", "markdown", "mdown", "mkd": self = .markdown
        case "rst", "rest": self = .restructuredText
        case "txt", "text": self = .plainText
        case "man", "mdoc": self = .manualPage
        case let suffix where DocumentFormat.isSection(suffix): self = .manualPage
        case "" where FileSystem.name(of: path) == "README": self = .plainText
        default: return nil
        }
    }

    private static func isSection(_ suffix: String) -> Bool {
        guard let number = suffix.utf8.first, number >= UInt8(ascii: "1"), number <= UInt8(ascii: "9") else {
            return false
        }
        return suffix.utf8.count <= 5
            && suffix.utf8.dropFirst().allSatisfy { $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z") }
    }

    /// Whether the bytes are those of a manual page: a title macro stands among their first lines.
    package static func isManualPage(_ bytes: [UInt8]) -> Bool {
        bytes.prefix(8192).split(separator: 0x0A).contains { line in
            line.starts(with: ".TH".utf8) || line.starts(with: ".Dd".utf8) || line.starts(with: ".Dt".utf8)
        }
    }

    /// Whether the bytes are those of no text: what has a NUL among its first bytes is a picture or an archive by
    /// another name.
    package static func isBinary(_ bytes: [UInt8]) -> Bool { bytes.prefix(4096).contains(0) }

    /// Takes the markup off; never fails, whatever the bytes are.
    package func read(_ bytes: [UInt8]) -> ParsedDocument {
        switch self {
        case .html: HTMLReader.read(bytes)
        case .markdown: MarkdownReader.read(bytes)
        case .restructuredText: RestructuredTextReader.read(bytes)
        case .manualPage: ManualPageReader.read(bytes)
        case .plainText: PlainTextReader.read(bytes)
        }
    }

    /// The text of a stretch of a document, its markup taken off.
    ///
    /// For a passage's byte range this gives the passage's text again, but for white space between blocks.
    public func text(of bytes: [UInt8], in range: Range<Int>? = nil) -> String {
        let document =
            switch self {
            // Links may be defined anywhere in the document.
            case .markdown: MarkdownReader.read(bytes, in: range)
            // A page says its subject's name once.
            case .manualPage: ManualPageReader.read(bytes, in: range)
            default: read(range.map { Array(bytes[$0]) } ?? bytes)
            }
        return document.blocks.map(\.text.string).joined(separator: "\n")
    }
}
