import Foundation
import FoundationXML

/// What a parser of XML finds in a file, without its texts' white space.
final class ParsedXML: NSObject, XMLParserDelegate {
    /// An element and what it says of itself.
    struct Element {
        let name: String
        let attributes: [String: String]
    }

    /// Why the file is not well-formed; nil where it is.
    private(set) var failure: String?
    /// The elements in the order of their start tags.
    private(set) var elements: [Element] = []
    /// All text of the file.
    private(set) var text = ""
    /// The text of each element by its name.
    private(set) var texts: [(name: String, text: String)] = []
    private var open: [(name: String, text: String)] = []

    init(_ source: String) {
        super.init()
        let parser = XMLParser(data: Data(source.utf8))
        parser.delegate = self
        if !parser.parse() { failure = "line \(parser.lineNumber): \(String(describing: parser.parserError))" }
    }

    func attributes(of name: String, class kind: String? = nil) -> [[String: String]] {
        elements.filter { element in
            guard element.name == name else { return false }
            guard let kind else { return true }
            return (element.attributes["class"] ?? "").split(separator: " ").contains { $0 == kind }
        }.map(\.attributes)
    }

    func texts(of name: String) -> [String] { texts.filter { $0.name == name }.map(\.text) }

    func parser(
        _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String] = [:]
    ) {
        elements.append(Element(name: elementName, attributes: attributes))
        open.append((elementName, ""))
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        text += string
        if !open.isEmpty { open[open.count - 1].text += string }
    }

    func parser(
        _ parser: XMLParser, didEndElement elementName: String, namespaceURI: String?, qualifiedName: String?
    ) {
        if let last = open.popLast() { texts.append(last) }
    }
}
