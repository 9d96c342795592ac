internal import VectorMath

extension TextEncoder {
    /// How many tokens go through the layers together: few enough that what is between the layers stays in a core's cache.
    static let tokenBudget = 256

    /// What a text goes through.
    struct Route: Sendable {
        let inference: InferenceEncoder
        let adapter: InferenceEncoder.BoundAdapter?
    }

    /// Texts that go through the layers together.
    struct Group {
        /// Their rows in the result.
        let members: [Int]
        /// How many texts of the caller they stand for.
        let textCount: Int
        let batch: TokenBatch
        let inference: InferenceEncoder
        let runs: [AdapterRun]
    }

    /// Vectors `[B, dimension]` of texts with a prefix each.
    func encode(
        _ texts: [String], as role: Role, prefix: String, maxLength: Int?, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float> {
        try check(role)
        let vectors = try encode(
            tokenize(texts, prefix: prefix, maxLength: maxLength), by: [route], [Int](repeating: 0, count: texts.count),
            skipping: model.skippedTokens(prompt: prefix), progress: progress)
        return headed(vectors, role)
    }

    /// Token ids of texts with a prefix each.
    func tokenize(_ texts: [String], prefix: String, maxLength: Int?) throws(EncodersError) -> [[Int32]] {
        try model.tokenize(prefix.isEmpty ? texts : texts.map { prefix + $0 }, maxLength: maxLength)
    }

    /// Vectors `[B, dimension]` of token sequences, in their order.
    ///
    /// Equal sequences of a route are encoded once. The rest goes through the model in groups of
    /// routes that share weights, the longest first, so that the last ones to finish are short and the time left is never underestimated.
    func encode(
        _ sequences: [[Int32]], by routes: [Route], _ choice: [Int], skipping skipped: Int,
        progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float> {
        let (distinct, places) = Self.distinct(sequences, choice)
        var copies = [Int](repeating: 0, count: distinct.count)
        for place in places { copies[Int(place)] += 1 }
        let groups = Self.groups(distinct.map { sequences[$0].count }, by: routes, distinct.map { choice[$0] }).map {
            (members, inference, runs) in
            Group(
                members: members, textCount: members.reduce(0) { $0 + copies[$1] },
                batch: TokenBatch(members.map { sequences[distinct[$0]] }, skipping: members.map { _ in skipped }),
                inference: inference, runs: runs)
        }
        for group in groups { try model.encoder.check(group.batch) }
        let vectors = try encode(groups, count: distinct.count, of: sequences.count, progress: progress)
        guard distinct.count < sequences.count else { return vectors }
        var result = Matrix<Float>(uninitializedRows: sequences.count, columns: model.dimension)
        gatherRows(of: vectors.view, at: places, into: &result)
        return result
    }

    /// The first index of every distinct sequence of a route, and for every sequence its place among them.
    ///
    /// Sequences are compared and not texts: texts are equal in Swift where they are canonically equivalent, tokens are not.
    static func distinct(_ sequences: [[Int32]], _ routes: [Int]) -> (first: [Int], places: [Int32]) {
        struct Key: Hashable {
            let route: Int
            let sequence: [Int32]
        }
        var known: [Key: Int32] = [:]
        known.reserveCapacity(sequences.count)
        var first: [Int] = []
        var places: [Int32] = []
        for (i, sequence) in sequences.enumerated() {
            let key = Key(route: routes[i], sequence: sequence)
            if let place = known[key] {
                places.append(place)
            } else {
                known[key] = Int32(first.count)
                places.append(Int32(first.count))
                first.append(i)
            }
        }
        return (first, places)
    }

    /// Texts of such lengths in groups, and the rows of each that go through one adapter.
    ///
    /// A route's texts stand together, so that most groups have one adapter and the others few.
    static func groups(
        _ lengths: [Int], by routes: [Route], _ choice: [Int]
    ) -> [(members: [Int], inference: InferenceEncoder, runs: [AdapterRun])] {
        let sharing = Dictionary(grouping: lengths.indices) { ObjectIdentifier(routes[choice[$0]].inference) }
        let groups = sharing.values.flatMap { texts in
            let order = texts.sorted {
                (choice[$0], -lengths[$0], $0) < (choice[$1], -lengths[$1], $1)
            }
            return batches(lengths: order.map { lengths[$0] }, budget: tokenBudget).map { Array(order[$0]) }
        }
        let longest = groups.map { $0.reduce(0) { max($0, lengths[$1]) } }
        return groups.indices.sorted { (-longest[$0], groups[$0][0]) < (-longest[$1], groups[$1][0]) }.map {
            let members = groups[$0]
            var runs: [AdapterRun] = []
            var rows = 0
            for (i, text) in members.enumerated() {
                let start = i > 0 && choice[members[i - 1]] == choice[text] ? runs.removeLast().rows.lowerBound : rows
                rows += lengths[text]
                runs.append(AdapterRun(rows: start..<rows, adapter: routes[choice[text]].adapter))
            }
            return (members, routes[choice[members[0]]].inference, runs)
        }
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
