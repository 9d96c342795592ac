extension DataSet {
    /// A part of a split that takes less time to evaluate: every so many-th judged query, all passages that were judged for them, and
    /// every so many-th of the others. The same data give the same sample.
    ///
    /// - Parameters:
    ///   - queryCount: At most so many queries.
    ///   - passageCount: So many passages, where there are as many; more where more were judged.
    public func sample(split: String, queryCount: Int, passageCount: Int) throws(CorporaError) -> DataSet {
        let relevance = try relevance(split: split)
        let judged = Self.everySoMany(queries.filter { relevance[$0.id] != nil }, count: queryCount)
        let kept = Dictionary(uniqueKeysWithValues: judged.map { ($0.id, relevance[$0.id] ?? [:]) })
        let needed = Set(kept.values.flatMap(\.keys))
        let others = corpus.filter { !needed.contains($0.id) }
        let added = Set(Self.everySoMany(others, count: max(0, passageCount - needed.count)).map(\.id))
        return DataSet(
            path: path, corpus: corpus.filter { needed.contains($0.id) || added.contains($0.id) }, queries: judged,
            judgements: [split: kept])
    }

    private static func everySoMany<Element>(_ elements: [Element], count: Int) -> [Element] {
        guard count < elements.count else { return elements }
        return (0..<count).map { elements[$0 * elements.count / count] }
    }
}
