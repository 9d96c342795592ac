extension DataSetKind {
    /// Divides a data set anew into train, dev and test.
    ///
    /// What belongs together stays together: queries that have a relevant document in common, tuples with the same
    /// anchor or positive, pairs with a text in common, equal texts. Which split such a group goes to is decided by a
    /// hash of its smallest member and the seed: it stays where it was when unrelated rows are added. Splits that the
    /// data had before are forgotten.
    ///
    /// - Throws: `empty` where a split that was asked for gets nothing: there are too few groups.
    public func split(_ fractions: SplitFractions, seed: UInt64 = 0) throws(CorporaError) -> DataSetKind {
        try fractions.validate()
        let result: DataSetKind
        switch self {
        case .retrieval(let dataSet): result = .retrieval(dataSet.split(fractions, seed: seed))
        case .tuples(let splits):
            result = .tuples(
                DataSetKind.split(splits, fractions, seed) {
                    [HeadingText.normalized($0.anchor), HeadingText.normalized($0.positive)]
                })
        case .scoredPairs(let splits):
            result = .scoredPairs(
                DataSetKind.split(splits, fractions, seed) {
                    [HeadingText.normalized($0.first), HeadingText.normalized($0.second)]
                })
        case .classifiedPairs(let splits):
            result = .classifiedPairs(
                DataSetKind.split(splits, fractions, seed) {
                    [HeadingText.normalized($0.first), HeadingText.normalized($0.second)]
                })
        case .labelledTexts(let splits):
            result = .labelledTexts(DataSetKind.split(splits, fractions, seed) { [HeadingText.normalized($0.text)] })
        case .taughtTexts(let splits):
            result = .taughtTexts(DataSetKind.split(splits, fractions, seed) { [HeadingText.normalized($0.text)] })
        }
        let found = result.splits
        for (split, share) in [
            (SplitName.test, fractions.test), (SplitName.dev, fractions.dev),
            (SplitName.train, 1 - fractions.test - fractions.dev),
        ] where share > SplitFractions.negligible && !found.contains(split) {
            throw .empty(path: "the data set", expected: "groups of rows enough to make the split \"\(split)\"")
        }
        return result
    }

    private static func split<Row>(
        _ splits: [String: [Row]], _ fractions: SplitFractions, _ seed: UInt64, keys: (Row) -> [String]
    ) -> [String: [Row]] {
        let rows = SplitName.ordered(splits.keys).flatMap { splits[$0] ?? [] }
        var groups = Groups()
        for row in rows { groups.join(keys(row)) }
        let hash = StableHash(seed: seed)
        var result: [String: [Row]] = [:]
        for row in rows {
            let key = groups.smallest(of: keys(row)[0])
            result[fractions.split(of: hash.fraction(of: key)), default: []].append(row)
        }
        return result
    }
}

extension DataSet {
    fileprivate func split(_ fractions: SplitFractions, seed: UInt64) -> DataSet {
        var all: Relevance = [:]
        for relevance in judgements.values {
            for (query, documents) in relevance { all[query, default: [:]].merge(documents) { max($0, $1) } }
        }
        var groups = Groups()
        let relevant = all.mapValues { documents in documents.filter { $0.value > 0 }.keys.sorted() }
        for documents in relevant.values { groups.join(documents) }
        let hash = StableHash(seed: seed)
        var divided: [String: Relevance] = [:]
        for (query, documents) in all {
            // A query without a relevant document is a group of its own.
            let key = relevant[query]?.first.map { groups.smallest(of: $0) } ?? query
            divided[fractions.split(of: hash.fraction(of: key)), default: [:]][query] = documents
        }
        return DataSet(path: path, corpus: corpus, queries: queries, judgements: divided)
    }
}

/// Which names belong together: a forest of names, each tree a group.
private struct Groups {
    private var numbers: [String: Int] = [:]
    private var parents: [Int] = []
    /// The smallest name of the group, at its root.
    private var smallest: [String] = []

    mutating func join(_ names: [String]) {
        guard let first = names.first else { return }
        let root = number(of: first)
        for name in names.dropFirst() { union(root, number(of: name)) }
    }

    mutating func smallest(of name: String) -> String { smallest[root(of: number(of: name))] }

    private mutating func number(of name: String) -> Int {
        if let number = numbers[name] { return number }
        numbers[name] = parents.count
        parents.append(parents.count)
        smallest.append(name)
        return parents.count - 1
    }

    private mutating func root(of number: Int) -> Int {
        var number = number
        while parents[number] != number {
            parents[number] = parents[parents[number]]
            number = parents[number]
        }
        return number
    }

    private mutating func union(_ first: Int, _ second: Int) {
        let (first, second) = (root(of: first), root(of: second))
        guard first != second else { return }
        parents[second] = first
        smallest[first] = min(smallest[first], smallest[second])
    }
}
