/// Cuts a section's text into passages.
///
/// A section is one passage unless it is too long: then it is cut at paragraphs into passages of about equal length, a
/// paragraph that is too long by itself at the ends of sentences, program code at the ends of lines. An entry of a
/// definition list is a passage of its own; short entries stay together. No cut is ever within a word.
struct PassageCutter {
    /// Lengths in words.
    struct Limits: Equatable, Sendable {
        /// The longest passage. It is only exceeded by a single word without white space, never by more.
        var longest: Int
        /// An entry of a definition list shorter than this is no passage of its own.
        var shortestEntry = 20
    }

    /// A passage before it has a name.
    struct Draft: Equatable {
        var text: String
        var range: Range<Int>
        var words: Int
        /// The terms, where the passage is an entry of a definition list or the rest of one.
        var terms: [String]
        /// Whether the terms stand in the text.
        var holdsTerms: Bool
        /// The terms of the entries that this one stands in, the outermost first.
        var outerTerms: [String]
        /// Whether the passage begins what it belongs to, or is the rest of something long.
        var isContinuation: Bool
        var anchors: [String]
        var linkedBytes: Int
        /// Which block of the section each part of the passage came from.
        var blocks: Range<Int>
    }

    /// A block, or a part of one that is too long.
    private struct Unit {
        var role: DocumentBlock.Role
        var text: ArraySlice<UInt8>
        var range: Range<Int>
        var words: Int
        var block: Int
        var isContinuation: Bool
    }

    /// Consecutive blocks that belong together: one entry of a definition list, or what stands between two.
    private struct Segment {
        var blocks: Range<Int>
        var entry: Int?
        /// The entry that it stands in, where it is none itself.
        var parent: Int?
        var words: Int
        var isMerged = false
    }

    private let blocks: [DocumentBlock]
    private let words: [Int]
    private let parents: [Int?]
    private let termsByEntry: [Int: [String]]
    private let limits: Limits

    init(_ blocks: [DocumentBlock], entryParents: [Int?], limits: Limits) {
        self.blocks = blocks
        self.limits = limits
        parents = entryParents
        words = blocks.map { Words.count($0.text.bytes) }
        var terms: [Int: [String]] = [:]
        for block in blocks where block.role == .term {
            if let entry = block.entry { terms[entry, default: []].append(block.text.string) }
        }
        termsByEntry = terms
    }

    func drafts() -> [Draft] {
        merged(segments(blocks.indices, under: nil)).flatMap(drafts)
    }

    // MARK: Segments

    /// The segments of some blocks, which all stand in the entry `parent` if there is one.
    private func segments(_ range: Range<Int>, under parent: Int?) -> [Segment] {
        var segments: [Segment] = []
        var start = range.lowerBound
        while start < range.upperBound {
            let entry = child(of: parent, holding: blocks[start].entry)
            var end = start + 1
            while end < range.upperBound, child(of: parent, holding: blocks[end].entry) == entry { end += 1 }
            let count = words[start..<end].reduce(0, +)
            if let entry, count > limits.longest, hasChildren(entry, in: start..<end) {
                segments += merged(self.segments(start..<end, under: entry))
            } else {
                segments.append(Segment(blocks: start..<end, entry: entry ?? parent, parent: parent, words: count))
            }
            start = end
        }
        return segments
    }

    /// The entry directly under `parent` that `entry` is or stands in; nil where there is none in between.
    private func child(of parent: Int?, holding entry: Int?) -> Int? {
        var current = entry
        while let number = current, number != parent {
            let next = parents.indices.contains(number) ? parents[number] : nil
            if next == parent { return number }
            current = next
        }
        return nil
    }

    private func hasChildren(_ entry: Int, in range: Range<Int>) -> Bool {
        range.contains { child(of: entry, holding: blocks[$0].entry) != nil }
    }

    /// Short entries that follow one another become one, and the few words that lead to a list go with its first entry.
    private func merged(_ segments: [Segment]) -> [Segment] {
        var result: [Segment] = []
        for segment in segments {
            guard let last = result.last, segment.entry != nil, last.words + segment.words <= limits.longest else {
                result.append(segment)
                continue
            }
            let isLead = last.entry == nil && !last.isMerged && isShort(last)
            let areShort = (last.isMerged || last.entry != nil && isShort(last)) && isShort(segment)
            guard isLead || areShort else {
                result.append(segment)
                continue
            }
            result[result.count - 1] = Segment(
                blocks: last.blocks.lowerBound..<segment.blocks.upperBound, entry: isLead ? segment.entry : nil,
                parent: last.parent == segment.parent ? last.parent : nil, words: last.words + segment.words,
                isMerged: !isLead)
        }
        return result
    }

    private func isShort(_ segment: Segment) -> Bool { segment.words < limits.shortestEntry }

    // MARK: Terms

    /// The terms of an entry and of those around it, the outermost first.
    private func path(to entry: Int?) -> [String] {
        var path: [String] = []
        var current = entry
        while let number = current {
            path = termsByEntry[number, default: []] + path
            current = parents.indices.contains(number) ? parents[number] : nil
        }
        return path
    }

    // MARK: Units

    private func drafts(of segment: Segment) -> [Draft] {
        let units = segment.blocks.flatMap(units)
        let total = units.reduce(0) { $0 + $1.words }
        guard total > 0 else { return [] }
        let pieces = (total + limits.longest - 1) / limits.longest
        let target = (total + pieces - 1) / pieces
        let terms = segment.entry.flatMap { termsByEntry[$0] } ?? []
        let begins = segment.blocks.contains { blocks[$0].role == .term && blocks[$0].entry == segment.entry }
        let outerTerms = path(
            to: segment.entry.map { parents.indices.contains($0) ? parents[$0] : nil } ?? segment.parent)
        var drafts: [Draft] = []
        var start = 0
        while start < units.count {
            var end = endOfPassage(from: start, in: units, target: target)
            // What would be left over for a last passage is too little for one.
            let rest = units[end...].reduce(0) { $0 + $1.words }
            let count = units[start..<end].reduce(0) { $0 + $1.words }
            if rest < target / 2, count + rest <= limits.longest { end = units.count }
            var draft = draft(units[start..<end], isContinuation: start > 0)
            draft.terms = terms
            draft.holdsTerms = begins && start == 0
            draft.outerTerms = outerTerms
            drafts.append(draft)
            start = end
        }
        return drafts
    }

    /// Where the passage that begins with a unit ends: as near to the target as whole units allow, and never above the
    /// limit.
    private func endOfPassage(from start: Int, in units: [Unit], target: Int) -> Int {
        var count = units[start].words
        var end = start + 1
        while end < units.count, count + units[end].words <= limits.longest {
            let next = units[end].words
            // Past the target by more than it is short of it now: cut here.
            if count + next > target, count + next - target > target - count { break }
            count += next
            end += 1
        }
        // A sentence that announces what follows goes with what follows.
        if end < units.count, end - start > 1, units[end - 1].text.last == UInt8(ascii: ":"),
            count - units[end - 1].words >= target / 2
        {
            end -= 1
        }
        return end
    }

    private func units(ofBlock index: Int) -> [Unit] {
        let block = blocks[index]
        guard words[index] > limits.longest else {
            return [
                Unit(
                    role: block.role, text: block.text.bytes[...], range: block.range, words: words[index],
                    block: index,
                    isContinuation: false)
            ]
        }
        let text = block.text
        let stretches = block.role == .preformatted ? lines(of: text.bytes) : Sentences.ranges(in: text.bytes)
        let parts = stretches.flatMap { shortened($0, of: text.bytes) }
        return parts.enumerated().map { number, part in
            let first = text.bytes[part].firstIndex { !Words.isSpace($0) } ?? part.lowerBound
            let start = number == 0 ? block.range.lowerBound : text.sourceStart(of: first)
            let end = number == parts.count - 1 ? block.range.upperBound : text.sourceEnd(of: part.upperBound)
            return Unit(
                role: block.role, text: text.bytes[part], range: start..<max(start, end),
                words: Words.count(text.bytes[part]), block: index, isContinuation: number > 0)
        }
    }

    private func lines(of text: [UInt8]) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = 0
        for (index, byte) in text.enumerated() where byte == 0x0A {
            if index > start { lines.append(start..<index) }
            start = index + 1
        }
        if start < text.count { lines.append(start..<text.count) }
        return lines
    }

    /// A stretch in parts of at most the longest number of words.
    private func shortened(_ range: Range<Int>, of text: [UInt8]) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var (start, end) = (range.lowerBound, range.lowerBound)
        var count = 0
        var index = range.lowerBound
        while index < range.upperBound {
            while index < range.upperBound, Words.isSpace(text[index]) { index += 1 }
            let wordStart = index
            while index < range.upperBound, !Words.isSpace(text[index]) { index += 1 }
            guard index > wordStart else { break }
            if count == limits.longest {
                parts.append(start..<end)
                count = 0
            }
            // A line keeps its indentation.
            if count == 0, !parts.isEmpty { start = wordStart }
            count += 1
            end = index
        }
        if end > start { parts.append(start..<end) }
        return parts
    }

    // MARK: Drafts

    private func draft(_ units: ArraySlice<Unit>, isContinuation: Bool) -> Draft {
        var bytes: [UInt8] = []
        var anchors: [String] = []
        var linkedBytes = 0
        var previous: Unit?
        for unit in units {
            if let previous { bytes.append(contentsOf: separator(previous, unit)) }
            bytes.append(contentsOf: bytes.isEmpty ? unit.text.drop(while: Words.isSpace) : unit.text)
            if !unit.isContinuation {
                anchors += blocks[unit.block].anchors
                linkedBytes += blocks[unit.block].linkedBytes
            }
            previous = unit
        }
        let first = units[units.startIndex]
        let last = units[units.endIndex - 1]
        return Draft(
            text: String(decoding: bytes, as: UTF8.self), range: first.range.lowerBound..<last.range.upperBound,
            words: units.reduce(0) { $0 + $1.words }, terms: [], holdsTerms: false, outerTerms: [],
            isContinuation: isContinuation, anchors: anchors, linkedBytes: linkedBytes,
            blocks: first.block..<last.block + 1)
    }

    private func separator(_ first: Unit, _ second: Unit) -> [UInt8] {
        if first.block == second.block { return first.role == .preformatted ? [0x0A] : [0x20] }
        let isTight = first.role == .term || (first.role == second.role && (first.role == .item || first.role == .row))
        return isTight ? [0x0A] : [0x0A, 0x0A]
    }
}
