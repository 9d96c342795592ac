extension JSONValue {
    /// The value as JSON text with sorted keys, compact or indented by two spaces.
    ///
    /// JSON has no infinities and no NaN: they become `null`.
    public func serialized(pretty: Bool = false) -> String {
        var text = ""
        write(to: &text, indentation: pretty ? 0 : nil)
        return text
    }

    private func write(to text: inout String, indentation: Int?) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += value.isFinite ? String(value) : "null"
        case .string(let value): JSONValue.writeQuoted(value, to: &text)
        case .array(let elements):
            JSONValue.writeList("[", elements, "]", to: &text, indentation: indentation) { element, text, inner in
                element.write(to: &text, indentation: inner)
            }
        case .object(let members):
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            JSONValue.writeList("{", sorted, "}", to: &text, indentation: indentation) { member, text, inner in
                JSONValue.writeQuoted(member.key, to: &text)
                text += inner == nil ? ":" : ": "
                member.value.write(to: &text, indentation: inner)
            }
        }
    }

    private static func writeList<Element>(
        _ open: String, _ elements: [Element], _ close: String, to text: inout String, indentation: Int?,
        _ writeElement: (Element, inout String, Int?) -> Void
    ) {
        text += open
        let inner = indentation.map { $0 + 1 }
        for (index, element) in elements.enumerated() {
            if index > 0 { text += "," }
            if let inner { writeNewline(inner, to: &text) }
            writeElement(element, &text, inner)
        }
        if let indentation, !elements.isEmpty { writeNewline(indentation, to: &text) }
        text += close
    }

    private static func writeNewline(_ indentation: Int, to text: inout String) {
        text += "\n"
        for _ in 0..<indentation { text += "  " }
    }

    private static func writeQuoted(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{8}": text += "\\b"
            case "\u{C}": text += "\\f"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
