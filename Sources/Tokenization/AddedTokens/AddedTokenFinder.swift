/// Finds a set of added tokens in text: leftmost first, there the longest, then on behind it.
struct AddedTokenFinder: Sendable {
    /// A stretch of the text: an added token, or what lies between.
    struct Segment: Equatable {
        let range: Range<Int>
        /// -1 for what lies between.
        let id: Int32
    }

    private struct Pattern {
        let id: Int32
        let isSingleWord: Bool
        let stripsLeft: Bool
        let stripsRight: Bool
    }

    private var patterns: [Pattern] = []
    private let table: ByteStringTable

    /// The longest pattern that begins with each byte; 0 where none does.
    private var longest = [Int](repeating: 0, count: 256)

    /// - Parameter tokens: What to look for and which token it is. Of equal byte strings the first counts, an empty one never.
    init(_ tokens: [(bytes: [UInt8], token: AddedToken)]) {
        let tokens = tokens.filter { !$0.bytes.isEmpty }
        table = ByteStringTable(tokens.enumerated().map { ($0.element.bytes, Int32($0.offset)) })
        for (content, token) in tokens {
            guard let first = content.first else { continue }
            longest[Int(first)] = max(longest[Int(first)], content.count)
            patterns.append(
                Pattern(
                    id: Int32(token.id), isSingleWord: token.isSingleWord, stripsLeft: token.stripsLeft,
                    stripsRight: token.stripsRight))
        }
    }

    /// Whether there is nothing to look for.
    var isEmpty: Bool { patterns.isEmpty }

    /// Cuts text at the added tokens in it; nil where there is none.
    func segments(of text: Span<UInt8>) -> [Segment]? {
        guard !patterns.isEmpty, var match = firstMatch(in: text, from: 0) else { return nil }
        var segments: [Segment] = []
        var done = 0
        while true {
            let pattern = patterns[match.pattern]
            var start = match.range.lowerBound
            var end = match.range.upperBound
            if !pattern.isSingleWord || standsAlone(match.range, in: text) {
                if pattern.stripsLeft { start = max(startOfSpace(before: start, in: text), done) }
                if pattern.stripsRight { end = endOfSpace(from: end, in: text) }
                if done < start { segments.append(Segment(range: done..<start, id: -1)) }
                segments.append(Segment(range: start..<end, id: pattern.id))
                done = end
            }
            // A match that does not count still hides those that overlap it.
            guard let next = firstMatch(in: text, from: match.range.upperBound) else { break }
            match = next
        }
        if done < text.count { segments.append(Segment(range: done..<text.count, id: -1)) }
        return segments
    }

    private func firstMatch(in text: Span<UInt8>, from start: Int) -> (range: Range<Int>, pattern: Int)? {
        var position = start
        while position < text.count {
            let limit = longest[Int(text[position])]
            if limit > 0, let match = longestMatch(in: text, at: position, limit: min(limit, text.count - position)) {
                return match
            }
            position += 1
        }
        return nil
    }

    private func longestMatch(
        in text: Span<UInt8>, at start: Int, limit: Int
    ) -> (range: Range<Int>, pattern: Int)? {
        for end in stride(from: start + limit, to: start, by: -1) {
            let pattern = table.value(of: text.extracting(start..<end))
            if pattern >= 0 { return (start..<end, Int(pattern)) }
        }
        return nil
    }

    private func standsAlone(_ range: Range<Int>, in text: Span<UInt8>) -> Bool {
        if range.lowerBound > 0 {
            let before = text.character(endingAt: range.lowerBound).scalar
            if UnicodeData.properties(of: before).contains(.word) { return false }
        }
        if range.upperBound < text.count {
            let after = text.character(at: range.upperBound).scalar
            if UnicodeData.properties(of: after).contains(.word) { return false }
        }
        return true
    }

    private func startOfSpace(before end: Int, in text: Span<UInt8>) -> Int {
        var start = end
        while start > 0 {
            let (scalar, length) = text.character(endingAt: start)
            guard UnicodeData.properties(of: scalar).contains(.whitespace) else { break }
            start -= length
        }
        return start
    }

    private func endOfSpace(from start: Int, in text: Span<UInt8>) -> Int {
        var end = start
        while end < text.count {
            let (scalar, length) = text.character(at: end)
            guard UnicodeData.properties(of: scalar).contains(.whitespace) else { break }
            end += length
        }
        return end
    }
}
