/// What a line of reStructuredText begins with.
enum RestructuredTextMarks {
    /// What a directive holds.
    enum Content {
        /// Nothing that is text.
        case none
        case code
        case text
        case argumentsAndText
        /// The description of what its arguments name.
        case definition

        init(directive name: String) {
            // `py:function` and `c:function` are functions.
            let name = name.split(separator: ":").last.map(String.init) ?? name
            switch name {
            case "code", "code-block", "sourcecode", "parsed-literal", "doctest", "testcode", "prompt",
                "productionlist", "math",
                "highlight", "literal", "console", "code-tabs", "jinja", "testoutput":
                self = .code
            case "image", "toctree", "contents", "index", "include", "raw", "graphviz", "digraph", "highlightlang",
                "meta",
                "literalinclude", "currentmodule", "default-domain", "sectionauthor", "codeauthor", "tabularcolumns",
                "module", "automodule", "autoclass", "autofunction", "autosummary", "unicode", "replace", "role",
                "plot",
                "kernel-doc", "kernel-include", "kernel-figure", "testsetup", "target-notes", "header", "footer",
                "sectnum",
                "todo", "uml", "class_":
                self = .none
            case "function", "class", "method", "attribute", "data", "option", "cmdoption", "envvar", "describe",
                "object",
                "exception", "macro", "type", "struct", "union", "enum", "enumerator", "member", "var", "staticmethod",
                "classmethod", "decorator", "opcode", "pdbcommand", "confval", "setting", "property", "program-option",
                "directive", "command", "variable":
                self = .definition
            case "versionadded", "versionchanged", "deprecated", "deprecated-removed", "rubric", "topic", "admonition",
                "figure",
                "centered", "epigraph", "note", "warning", "tip", "hint", "important", "caution", "attention", "danger",
                "error",
                "seealso", "availability", "impl-detail":
                self = .argumentsAndText
            default: self = .text
            }
        }
    }

    /// The name of a directive and where its arguments stand.
    static func directive(_ source: [UInt8], _ range: Range<Int>) -> (name: String, arguments: Range<Int>)? {
        var index = range.lowerBound
        while index < range.upperBound, isNameByte(source[index]) || isColonWithin(index, range, source) { index += 1 }
        guard index > range.lowerBound, index + 1 < range.upperBound, source[index] == UInt8(ascii: ":"),
            source[index + 1] == UInt8(ascii: ":")
        else { return nil }
        let name = String(decoding: source[range.lowerBound..<index], as: UTF8.self).lowercased()
        let start = SourceLines.indentation(of: index + 2..<range.upperBound, in: source).start
        return (name, start..<range.upperBound)
    }

    private static func isColonWithin(_ index: Int, _ range: Range<Int>, _ source: [UInt8]) -> Bool {
        source[index] == UInt8(ascii: ":") && index + 1 < range.upperBound && isNameByte(source[index + 1])
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte >= 0x30 && byte <= 0x39 || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "+")
    }

    /// The mark that a line repeats; nil for other lines.
    static func adornment(_ line: ArraySlice<UInt8>) -> Character? {
        guard let first = line.first, line.count >= 2, first > 0x20, first < 0x7F, !isAlphanumeric(first),
            line.allSatisfy({ $0 == first })
        else { return nil }
        // Two dots or colons alone are other things.
        if line.count == 2, first == UInt8(ascii: ".") || first == UInt8(ascii: ":") { return nil }
        return Character(Unicode.Scalar(first))
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte >= 0x30 && byte <= 0x39
    }

    /// How many bytes `- `, `* `, `#. `, `1. `, `(a) ` take with the white space behind.
    static func listMarkerLength(_ line: ArraySlice<UInt8>) -> Int? {
        guard let first = line.first else { return nil }
        var index = line.startIndex + 1
        switch first {
        case UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "+"): break
        default:
            if first != UInt8(ascii: "(") { index -= 1 }
            let start = index
            while index < line.endIndex, index - start < 4,
                isAlphanumeric(line[index]) || line[index] == UInt8(ascii: "#")
            {
                index += 1
            }
            let isNumber = line[start..<index].allSatisfy { $0 >= 0x30 && $0 <= 0x39 || $0 == UInt8(ascii: "#") }
            guard index > start, isNumber || index - start == 1, index < line.endIndex,
                line[index] == UInt8(ascii: ".") || line[index] == UInt8(ascii: ")")
            else { return nil }
            index += 1
        }
        guard index < line.endIndex, Words.isSpace(line[index]) else { return nil }
        while index < line.endIndex, Words.isSpace(line[index]) { index += 1 }
        return index - line.startIndex
    }

    /// Where the description begins in `-a, --all  description`; the line's end where it stands in the next lines.
    static func optionDescription(_ line: ArraySlice<UInt8>) -> Int? {
        guard line.first == UInt8(ascii: "-"), line.count > 1, let second = line.dropFirst().first,
            isAlphanumeric(second)
                || second == UInt8(ascii: "-") && line.count > 2 && isAlphanumeric(line[line.startIndex + 2])
        else { return nil }
        var index = line.startIndex
        while index + 1 < line.endIndex {
            if Words.isSpace(line[index]), Words.isSpace(line[index + 1]) {
                while index < line.endIndex, Words.isSpace(line[index]) { index += 1 }
                return index
            }
            index += 1
        }
        return nil
    }

    /// Where the body begins in `:name: body`; the line's end where it is empty.
    static func fieldBody(_ line: ArraySlice<UInt8>) -> Int? {
        guard line.first == UInt8(ascii: ":"), line.count > 2, let second = line.dropFirst().first,
            !Words.isSpace(second),
            second != UInt8(ascii: ":")
        else { return nil }
        var index = line.startIndex + 1
        while index < line.endIndex {
            if line[index] == UInt8(ascii: "`") { return nil }
            if line[index] == UInt8(ascii: ":"), index + 1 == line.endIndex || Words.isSpace(line[index + 1]) {
                index += 1
                while index < line.endIndex, Words.isSpace(line[index]) { index += 1 }
                return index
            }
            index += 1
        }
        return nil
    }
}
