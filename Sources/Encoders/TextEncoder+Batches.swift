internal import VectorMath

extension TextEncoder {
    /// How many tokens go through the layers together: few enough that what is between the layers stays in a core's cache.
    static let tokenBudget = 256

    /// Texts that go through the layers together.
    struct Group {
        /// Their rows in the result.
        let members: [Int]
        /// How many texts of the caller they stand for.
        let textCount: Int
        let batch: TokenBatch
    }

    /// Vectors `[B, dimension]` of texts with a prefix each.
    func encode(
        _ texts: [String], as role: Role, prefix: String, maxLength: Int?, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float> {
        try check(role)
        let prompted = prefix.isEmpty ? texts : texts.map { prefix + $0 }
        let sequences = try model.tokenize(prompted, maxLength: maxLength)
        let vectors = try encode(sequences, skipping: model.skippedTokens(prompt: prefix), progress: progress)
        return headed(vectors, role)
    }

    /// Vectors `[B, dimension]` of token sequences, in their order.
    ///
    /// Equal sequences are encoded once. The rest goes through the model in groups by length, the longest first, so that the
    /// last ones to finish are short and the time left is never underestimated.
    func encode(
        _ sequences: [[Int32]], skipping skipped: Int, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float> {
        let (distinct, places) = Self.distinct(sequences)
        let order = distinct.indices.sorted {
            let (a, b) = (sequences[distinct[$0]].count, sequences[distinct[$1]].count)
            return a != b ? a > b : $0 < $1
        }
        let lengths = order.map { sequences[distinct[$0]].count }
        var copies = [Int](repeating: 0, count: distinct.count)
        for place in places { copies[Int(place)] += 1 }
        let groups = Self.batches(lengths: lengths, budget: Self.tokenBudget).map { range in
            let members = Array(order[range])
            return Group(
                members: members, textCount: members.reduce(0) { $0 + copies[$1] },
                batch: TokenBatch(members.map { sequences[distinct[$0]] }, skipping: members.map { _ in skipped }))
        }
        for group in groups { try model.encoder.check(group.batch) }
        let vectors = try encode(groups, count: distinct.count, of: sequences.count, progress: progress)
        guard distinct.count < sequences.count else { return vectors }
        var result = Matrix<Float>(uninitializedRows: sequences.count, columns: model.dimension)
        gatherRows(of: vectors.view, at: places, into: &result)
        return result
    }

    /// The first index of every distinct sequence, and for every sequence its place among them.
    ///
    /// Sequences are compared and not texts: texts are equal in Swift where they are canonically equivalent, tokens are not.
    static func distinct(_ sequences: [[Int32]]) -> (first: [Int], places: [Int32]) {
        var known: [[Int32]: Int32] = [:]
        known.reserveCapacity(sequences.count)
        var first: [Int] = []
        var places: [Int32] = []
        for (i, sequence) in sequences.enumerated() {
            if let place = known[sequence] {
                places.append(place)
            } else {
                known[sequence] = Int32(first.count)
                places.append(Int32(first.count))
                first.append(i)
            }
        }
        return (first, places)
    }

    /// Runs of texts with at most `budget` tokens each; a text that is longer than the budget is a run of its own.
    package static func batches(lengths: [Int], budget: Int) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var start = 0
        var tokens = 0
        for (i, length) in lengths.enumerated() {
            if i > start && tokens + length > budget {
                result.append(start..<i)
                start = i
                tokens = 0
            }
            tokens += length
        }
        if start < lengths.count { result.append(start..<lengths.count) }
        return result
    }
}
