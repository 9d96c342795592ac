import Corpora
import Files
import TestSupport

/// The small documentation tree that the tests read.
enum Fixtures {
    static let manual = SharedData.fixtures + "/corpora/manual"
    static let expected = SharedData.fixtures + "/corpora/expected"

    /// Every page of the tree.
    static let pages = [
        "backup.rst", "guide.md", "index.html", "notes.txt", "orchard.1", "orchardd.8", "reference/snapshot.html",
        "settings.html",
    ]

    static func bytes(_ page: String) throws -> [UInt8] { try readFile(manual + "/" + page) }

    static func format(_ page: String) -> DocumentFormat { DocumentFormat(path: page)! }
}

/// The words of a text: what is left when white space is no matter.
func words(_ text: String) -> [Substring] { text.split(whereSeparator: \.isWhitespace) }

extension DocumentFormat {
    /// The page that a text in this format is.
    func page(_ text: String, path: String = "page.html", options: PassageOptions = PassageOptions())
        -> DocumentationPage
    {
        DocumentationPage(Array(text.utf8), path: path, format: self, options: options)
    }

    /// The texts of the blocks of a document, headings in front marked by their level.
    func outline(_ text: String) -> [String] {
        read(Array(text.utf8)).blocks.map { block in
            switch block.role {
            case .heading(let level): "h\(level) \(block.text.string)"
            case .term: "term \(block.text.string)"
            case .item: "item \(block.text.string)"
            case .row: "row \(block.text.string)"
            case .preformatted: "code \(block.text.string)"
            case .paragraph: block.text.string
            }
        }
    }
}
