/// Text without its markup, which knows where in the source each of its words stands.
///
/// The text is valid UTF-8. Positions are bytes, of the text and of the source.
package struct MappedText: Equatable, Sendable {
    /// A stretch of text that came from one place: byte for byte, or as the replacement of a stretch of another length
    /// (an entity, an escape).
    struct Run: Equatable {
        var text: Int
        var source: Int
        /// Where the replaced stretch ends in the source; nil where the bytes are the source's own.
        var replacedEnd: Int?
    }

    package internal(set) var bytes: [UInt8] = []
    var runs: [Run] = []

    package var string: String { String(decoding: bytes, as: UTF8.self) }
    package var isEmpty: Bool { bytes.isEmpty }

    /// The text from a place on, without white space at the ends.
    func string(from start: Int) -> String { String(decoding: bytes[start...], as: UTF8.self).trimmingWhitespace() }

    /// Where the character that begins at this place of the text begins in the source.
    ///
    /// - Complexity: O(log n) in the number of runs.
    package func sourceStart(of position: Int) -> Int {
        guard let run = run(at: position) else { return 0 }
        return run.replacedEnd == nil ? run.source + (position - run.text) : run.source
    }

    /// Where the character that ends before this place of the text ends in the source.
    package func sourceEnd(of position: Int) -> Int {
        guard position > 0, let run = run(at: position - 1) else { return 0 }
        return run.replacedEnd ?? run.source + (position - run.text)
    }

    private func run(at position: Int) -> Run? {
        var (low, high) = (0, runs.count)
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].text <= position { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : runs[low - 1]
    }
}

/// Collects the text of one block from a source's bytes.
///
/// In flow, white space of any length becomes one space, and there is none at the ends. Verbatim, lines are kept: their
/// trailing white space, empty lines at the ends and all but one of several empty lines in a row are dropped. Bytes
/// that are not UTF-8 are read as Windows-1252, control characters are dropped: the text is always valid.
struct MappedTextBuilder {
    private(set) var text = MappedText()
    private var pendingSpace: Int?
    private var pendingSpaces: [(source: Int, byte: UInt8)] = []
    private var pendingLines = 0
    private var expectedSource = -1

    /// Where the first and past the last character of the text stand in the source.
    private(set) var sourceRange: Range<Int>?

    var isEmpty: Bool { text.isEmpty }

    /// The text, white space at its end dropped.
    func finished() -> MappedText { text }

    /// How many bytes the text has so far, with the white space that the next character would put in front of itself.
    var count: Int {
        if text.bytes.isEmpty { return 0 }
        if pendingLines > 0 { return text.bytes.count + min(pendingLines, 2) + pendingSpaces.count }
        return text.bytes.count + (pendingSpace == nil ? pendingSpaces.count : 1)
    }

    /// Appends source bytes `range` in flow.
    mutating func append(flowing range: Range<Int>, of source: [UInt8]) {
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = source[index]
            if byte > 0x20, byte < 0x7F {
                let start = index
                repeat { index += 1 } while index < range.upperBound && source[index] > 0x20 && source[index] < 0x7F
                put(start..<index, of: source)
            } else if byte < 0x80 {
                if byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) { space(at: index) }
                index += 1
            } else {
                index += appendWide(at: index, before: range.upperBound, of: source, verbatim: false)
            }
        }
    }

    /// Appends source bytes `range` with their line breaks.
    mutating func append(verbatim range: Range<Int>, of source: [UInt8]) {
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = source[index]
            if byte > 0x20, byte < 0x7F {
                let start = index
                repeat { index += 1 } while index < range.upperBound && source[index] > 0x20 && source[index] < 0x7F
                put(start..<index, of: source)
            } else if byte < 0x80 {
                switch byte {
                case 0x0A: newline()
                case 0x0D: if index + 1 >= source.count || source[index + 1] != 0x0A { newline() }
                case 0x20, 0x09: pendingSpaces.append((index, byte))
                default: break
                }
                index += 1
            } else {
                index += appendWide(at: index, before: range.upperBound, of: source, verbatim: true)
            }
        }
    }

    /// Appends characters that stand for a stretch of the source: a decoded entity, an escape.
    mutating func append(replacement: some Sequence<UInt8>, for range: Range<Int>) {
        flushWhitespace()
        text.runs.append(.init(text: text.bytes.count, source: range.lowerBound, replacedEnd: range.upperBound))
        text.bytes.append(contentsOf: replacement)
        expectedSource = -1
        grow(range)
    }

    /// White space that stands for nothing in particular: a line break tag, the border between two cells.
    mutating func space(at source: Int) {
        if pendingSpace == nil { pendingSpace = source }
    }

    /// The end of a line of verbatim text; several in a row leave an empty line.
    mutating func newline() {
        pendingSpaces.removeAll(keepingCapacity: true)
        pendingLines += 1
    }

    /// The end of a line, however often it is said.
    mutating func breakLine() {
        if pendingLines == 0 { newline() }
    }

    /// Takes back white space that no character has followed yet.
    mutating func dropPendingSpace() {
        pendingSpace = nil
        pendingSpaces.removeAll(keepingCapacity: true)
        pendingLines = 0
    }

    /// Takes back what was appended since the text had this many bytes; white space in front of that stays.
    mutating func truncate(to count: Int) {
        guard count < text.bytes.count else { return }
        text.bytes.removeLast(text.bytes.count - count)
        while let last = text.runs.last, last.text >= count { text.runs.removeLast() }
        while let last = text.bytes.last, last == 0x20 || last == 0x0A {
            text.bytes.removeLast()
            if pendingSpace == nil { pendingSpace = -1 }
        }
        expectedSource = -1
    }

    // MARK: Bytes

    private mutating func put(_ range: Range<Int>, of source: [UInt8]) {
        flushWhitespace()
        if range.lowerBound != expectedSource {
            text.runs.append(.init(text: text.bytes.count, source: range.lowerBound, replacedEnd: nil))
        }
        text.bytes.append(contentsOf: source[range])
        expectedSource = range.upperBound
        grow(range)
    }

    private mutating func grow(_ range: Range<Int>) {
        let known = sourceRange ?? range
        sourceRange = min(known.lowerBound, range.lowerBound)..<max(known.upperBound, range.upperBound)
    }

    private mutating func flushWhitespace() {
        guard pendingLines > 0 || pendingSpace != nil || !pendingSpaces.isEmpty else { return }
        defer {
            pendingSpace = nil
            pendingSpaces.removeAll(keepingCapacity: true)
            pendingLines = 0
        }
        guard !text.bytes.isEmpty else { return }
        if pendingLines > 0 {
            for _ in 0..<min(pendingLines, 2) { text.bytes.append(0x0A) }
            text.bytes.append(contentsOf: pendingSpaces.lazy.map(\.byte))
            expectedSource = -1
        } else if let source = pendingSpace {
            text.bytes.append(0x20)
            if pendingSpaces.isEmpty, source == expectedSource {
                expectedSource = source + 1
            } else {
                expectedSource = -1
            }
        } else {
            for space in pendingSpaces {
                text.bytes.append(space.byte)
                expectedSource = space.source == expectedSource ? space.source + 1 : -1
            }
        }
    }

    /// Appends the character that begins with a byte above 0x7F; returns how many bytes it took.
    private mutating func appendWide(at index: Int, before end: Int, of source: [UInt8], verbatim: Bool) -> Int {
        guard let (scalar, length) = UTF8Decoding.scalar(at: index, before: end, of: source) else {
            if let replacement = Windows1252.scalar(for: source[index]) {
                append(replacement: UTF8.encode(replacement)!, for: index..<index + 1)
            }
            return 1
        }
        switch CharacterRole(scalar) {
        case .space: if verbatim { pendingSpaces.append((index, 0x20)) } else { space(at: index) }
        case .invisible: break
        case .visible: put(index..<index + length, of: source)
        }
        return length
    }
}

/// How a character outside ASCII counts in a text.
enum CharacterRole {
    case visible
    /// Spaces of any width, which a text has as a plain one.
    case space
    /// Soft hyphens, zero-width characters, byte order marks and control characters, which a text has not.
    case invisible

    init(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0x85: self = .space
        case 0xAD, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x80...0x9F, 0xFFFE, 0xFFFF: self = .invisible
        default: self = .visible
        }
    }
}

enum UTF8Decoding {
    /// The character that begins at a place, and its length in bytes; nil where the bytes are not UTF-8.
    static func scalar(at index: Int, before end: Int, of bytes: [UInt8]) -> (Unicode.Scalar, length: Int)? {
        let first = bytes[index]
        let length: Int
        var value: UInt32
        switch first {
        case 0x00..<0x80: return (Unicode.Scalar(first), 1)
        case 0xC2..<0xE0: (length, value) = (2, UInt32(first & 0x1F))
        case 0xE0..<0xF0: (length, value) = (3, UInt32(first & 0x0F))
        case 0xF0..<0xF5: (length, value) = (4, UInt32(first & 0x07))
        default: return nil
        }
        guard index + length <= end else { return nil }
        for offset in 1..<length {
            let byte = bytes[index + offset]
            guard byte & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        let smallest: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
        guard value >= smallest, let scalar = Unicode.Scalar(value) else { return nil }
        return (scalar, length)
    }
}

/// The single-byte encoding that web pages of undeclared encoding are in, and that numeric references below 160 mean.
enum Windows1252 {
    private static let upper: [UInt32] = [
        0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
        0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E,
        0x0178,
    ]

    /// The character of a byte; nil for the five bytes that have none and for what a text leaves out.
    static func scalar(for byte: UInt8) -> Unicode.Scalar? {
        guard byte >= 0x80, byte < 0xA0 else {
            let scalar = Unicode.Scalar(byte)
            return CharacterRole(scalar) == .visible ? scalar : nil
        }
        let value = upper[Int(byte) - 0x80]
        return value == 0 ? nil : Unicode.Scalar(value)
    }
}
