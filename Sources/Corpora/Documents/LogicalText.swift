/// Some stretches of a source as one text: the lines of a paragraph without what stands in front of them.
struct LogicalText {
    private(set) var bytes: [UInt8] = []
    /// Where each byte stands in the source.
    private(set) var offsets: [Int] = []

    var count: Int { bytes.count }
    var isEmpty: Bool { bytes.isEmpty }

    mutating func append(_ range: Range<Int>, of source: [UInt8]) {
        guard !range.isEmpty else { return }
        bytes.append(contentsOf: source[range])
        offsets.append(contentsOf: range)
    }

    /// Appends a line break that stands at a place of the source.
    mutating func appendNewline(at offset: Int) {
        bytes.append(0x0A)
        offsets.append(offset)
    }

    subscript(index: Int) -> UInt8 { bytes[index] }

    /// Where a stretch of the text begins and ends in the source.
    func sourceRange(_ range: Range<Int>) -> Range<Int> {
        guard !range.isEmpty else {
            let place = range.lowerBound < count ? offsets[range.lowerBound] : (offsets.last.map { $0 + 1 } ?? 0)
            return place..<place
        }
        return offsets[range.lowerBound]..<offsets[range.upperBound - 1] + 1
    }

    /// The place of a byte, or nil.
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? { bytes[range].firstIndex(of: byte) }

    func starts(with prefix: StaticString, at index: Int) -> Bool {
        index >= 0 && index <= count && prefix.withUTF8Buffer { bytes[index...].starts(with: $0) }
    }

    func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// Hands a stretch of the text to a builder as source bytes, piece by piece where it does not stand together.
    func emit(_ range: Range<Int>, of source: [UInt8], to builder: inout MappedTextBuilder, verbatim: Bool = false) {
        var start = range.lowerBound
        while start < range.upperBound {
            var end = start + 1
            while end < range.upperBound, offsets[end] == offsets[end - 1] + 1 { end += 1 }
            let piece = offsets[start]..<offsets[end - 1] + 1
            if verbatim {
                builder.append(verbatim: piece, of: source)
            } else {
                builder.append(flowing: piece, of: source)
            }
            start = end
        }
    }
}

/// The lines of a source, without their ends.
struct SourceLines {
    /// Ends at LF, CR LF or CR.
    static func ranges(of source: [UInt8]) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = 0
        var index = 0
        while index < source.count {
            let byte = source[index]
            if byte == 0x0A || byte == 0x0D {
                lines.append(start..<index)
                if byte == 0x0D, index + 1 < source.count, source[index + 1] == 0x0A { index += 1 }
                start = index + 1
            }
            index += 1
        }
        if start < source.count { lines.append(start..<source.count) }
        return lines
    }

    /// How far a line is indented, in columns, and where its text begins. Tabs lead to the next multiple of eight.
    static func indentation(of line: Range<Int>, in source: [UInt8], tab: Int = 8) -> (columns: Int, start: Int) {
        var columns = 0
        var index = line.lowerBound
        while index < line.upperBound {
            if source[index] == 0x20 {
                columns += 1
            } else if source[index] == 0x09 {
                columns += tab - columns % tab
            } else {
                break
            }
            index += 1
        }
        return (columns, index)
    }

    /// The line without white space at its end.
    static func trimmed(_ line: Range<Int>, in source: [UInt8]) -> Range<Int> {
        var end = line.upperBound
        while end > line.lowerBound, Words.isSpace(source[end - 1]) { end -= 1 }
        return line.lowerBound..<end
    }
}
