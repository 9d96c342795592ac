/// A piece of XML that also reads as HTML5: text is escaped and every element closed, because there is no other way to make one.
public struct Markup: Sendable, Equatable {
    /// The markup as it is written.
    public private(set) var source: String

    /// Nothing.
    public static let empty = Markup(source: "")

    /// Text, escaped.
    public static func text(_ text: String) -> Markup { Markup(source: escaped(text)) }

    /// An element with its attributes, in their order, and what it holds.
    ///
    /// - Precondition: names of elements and attributes are of letters, digits and hyphens.
    public static func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ children: [Markup] = []
    ) -> Markup {
        precondition(isName(name), "'\(name)' is no name of an element")
        var source = "<" + name
        for (key, value) in attributes {
            precondition(isName(key), "'\(key)' is no name of an attribute")
            source += " " + key + "=\"" + escaped(value) + "\""
        }
        if children.isEmpty, voidElements.contains(name) { return Markup(source: source + "/>") }
        source += ">"
        for child in children { source += child.source }
        return Markup(source: source + "</" + name + ">")
    }

    /// An element that holds text.
    public static func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ text: String
    ) -> Markup {
        element(name, attributes, [.text(text)])
    }

    /// Style rules.
    ///
    /// - Precondition: they hold no character that XML would have escaped and HTML would not.
    static func style(_ rules: String) -> Markup {
        precondition(!rules.contains { "<&".contains($0) }, "style rules hold '<' or '&'")
        return Markup(source: "<style>\(rules)</style>")
    }

    /// Several pieces, one after the other.
    public static func joined(_ pieces: [Markup]) -> Markup {
        Markup(source: pieces.reduce(into: "") { $0 += $1.source })
    }

    /// A text as it stands in markup and in an attribute's value. What XML has no place for, such as a NUL, becomes the
    /// replacement character.
    static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\t", "\n": result.unicodeScalars.append(scalar)
            case _ where isAllowed(scalar): result.unicodeScalars.append(scalar)
            default: result += "\u{FFFD}"
            }
        }
        return result
    }

    /// XML's `Char`, without the control characters that HTML forbids.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        let value = scalar.value
        return value >= 0x20 && !(0x7F...0x9F).contains(value) && value & 0xFFFE != 0xFFFE
            && !(0xFDD0...0xFDEF).contains(value)
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
            }
    }

    /// HTML gives these no end tag.
    private static let voidElements: Set<String> = ["br", "col", "hr", "meta", "wbr"]
}
