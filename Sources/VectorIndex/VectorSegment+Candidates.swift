extension VectorSegment {
    /// The rows that count and whose ids are candidates; nil where all rows are. `checkIDs()` comes first.
    ///
    /// - Complexity: A word of 64 rows at a time where ids follow each other, else a step a row or a few a candidate.
    func rows(among candidates: CandidateSet?) -> PositionSet? {
        guard let candidates else { return deleted?.complement }
        var rows = PositionSet(capacity: rowCount)
        var start = 0
        for group in candidates.groups {
            let first = group.key << 16
            start = ids.firstRow(from: start, atLeast: first)
            guard start < rowCount else { break }
            let last = first | 0xffff
            let end = last == .max ? rowCount : ids.firstRow(from: start, atLeast: last + 1)
            guard start < end else { continue }
            insert(group.members, of: start..<end, into: &rows)
            start = end
        }
        if let deleted { rows.subtract(deleted) }
        return rows
    }

    /// Inserts the rows of a range, all ids of which have their upper bits in common, whose lower bits are members.
    private func insert(_ members: CandidateGroup, of range: Range<Int>, into rows: inout PositionSet) {
        let low = Int(ids[range.lowerBound] & 0xffff)
        let isRun = ids[range.upperBound - 1] - ids[range.lowerBound] == UInt64(range.count - 1)
        if isRun || 16 * members.count >= range.count {
            let words = members.bitmap
            if isRun {
                rows.insert(words, from: low, at: range)
            } else {
                for row in range {
                    let value = Int(ids[row] & 0xffff)
                    if words[value >> 6] >> (value & 63) & 1 == 1 { rows.insert(row) }
                }
            }
        } else {
            let upper = ids[range.lowerBound] & ~0xffff
            var row = range.lowerBound
            for value in members.values {
                row = ids.firstRow(from: row, atLeast: upper | UInt64(value))
                guard row < range.upperBound else { return }
                if ids[row] == upper | UInt64(value) { rows.insert(row) }
            }
        }
    }
}
