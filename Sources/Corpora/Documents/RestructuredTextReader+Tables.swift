/// Tables of reStructuredText, each line a row: grids drawn with `+---+`, and columns under lines of `=`.
extension RestructuredTextReader {
    func isTableBorder(_ content: Range<Int>) -> Bool {
        let bytes = source[content]
        guard content.count >= 3, let first = bytes.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "=")
        else { return false }
        if first == UInt8(ascii: "+") {
            return bytes.allSatisfy { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "=") }
        }
        return bytes.contains(0x20) && bytes.allSatisfy { $0 == UInt8(ascii: "=") || $0 == 0x20 }
    }

    mutating func readTable(at number: Int, in range: Range<Int>) -> Int {
        let isGrid = source[content(number).lowerBound] == UInt8(ascii: "+")
        var end = number + 1
        while end < range.upperBound, indents[end] != nil || (!isGrid && borderFollows(end, in: range)) {
            let content = content(end)
            if isGrid ? source[content.lowerBound] != UInt8(ascii: "|") && !isTableBorder(content) : false { break }
            if !content.isEmpty, !isTableBorder(content),
                !source[content].allSatisfy({ $0 == UInt8(ascii: "-") || $0 == 0x20 })
            {
                emitRow(content)
            }
            end += 1
        }
        return end
    }

    /// Whether a simple table goes on after an empty line.
    private func borderFollows(_ number: Int, in range: Range<Int>) -> Bool {
        var next = number
        while next < range.upperBound, next < number + 200 {
            if indents[next] != nil, isTableBorder(content(next)) { return true }
            if indents[next] == nil, next + 1 < range.upperBound, indents[next + 1] == nil { return false }
            next += 1
        }
        return false
    }

    private mutating func emitRow(_ content: Range<Int>) {
        var inner = content
        while inner.lowerBound < inner.upperBound, isCellBorder(source[inner.lowerBound]) {
            inner = inner.lowerBound + 1..<inner.upperBound
        }
        while inner.upperBound > inner.lowerBound, isCellBorder(source[inner.upperBound - 1]) {
            inner = inner.lowerBound..<inner.upperBound - 1
        }
        var text = LogicalText()
        text.append(inner, of: source)
        if !text.isEmpty { emit(text, range: inner, as: .row) }
    }

    private func isCellBorder(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "|") || Words.isSpace(byte) }
}
