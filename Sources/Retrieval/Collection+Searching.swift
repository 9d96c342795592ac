public import Corpora
public import Files
internal import VectorIndex
public import VectorMath

extension Collection {
    /// How often a search is done again because a passage that it found was changed in the meantime.
    private static let attempts = 5

    /// The `k` passages nearest to a query vector `[D]` of a space, nearest first. Each hit says what the search promises.
    ///
    /// - Parameter isIncluded: Says which passages to look among, nil for all. Each search reads every passage for it.
    /// - Throws: `spaceMismatch` where the vector is of another space than the collection's.
    public func search(
        _ query: [Float], space: SpaceIdentity, k: Int = 10, where isIncluded: ((Passage) throws -> Bool)? = nil
    ) throws(RetrievalError) -> [Hit] {
        let queries = Matrix(rows: 1, columns: query.count, elements: query)
        return try search(queries.view, space: space, k: k, where: isIncluded)[0]
    }

    /// The `k` passages nearest to each query vector `[Q, D]` of a space, nearest first.
    public func search(
        _ queries: MatrixView<Float>, space: SpaceIdentity, k: Int = 10,
        where isIncluded: ((Passage) throws -> Bool)? = nil
    ) throws(RetrievalError) -> [[Hit]] {
        try check(space)
        var candidates: CandidateSet?
        if let isIncluded {
            var found = CandidateSet()
            try store.forEach { number, passage, _ in if try isIncluded(passage) { found.insert(number) } }
            candidates = found
        }
        var found: [[(neighbour: Neighbour, passage: Passage?)]] = []
        var guarantee = SearchGuarantee.exact
        for _ in 0..<Self.attempts {
            (found, guarantee) = try attempt(queries, k: k, among: candidates)
            if found.allSatisfy({ $0.allSatisfy { $0.passage != nil } }) { break }
        }
        return found.map { hits in
            hits.compactMap { hit in
                hit.passage.map { Hit(passage: $0, score: hit.neighbour.score, guarantee: guarantee) }
            }
        }
    }

    /// What the index finds, the passages that are still there, and what it promises.
    private func attempt(
        _ queries: MatrixView<Float>, k: Int, among candidates: CandidateSet?
    ) throws(RetrievalError) -> ([[(neighbour: Neighbour, passage: Passage?)]], SearchGuarantee) {
        let (neighbours, guarantee) = try neighbours(of: queries, k: k, among: candidates)
        let numbers = Set(neighbours.joined().map(\.id))
        let passages = try store.passages(numbers: numbers.sorted())
        let byNumber = Dictionary(passages.map { ($0.number, $0.passage) }, uniquingKeysWith: { first, _ in first })
        return (neighbours.map { list in list.map { ($0, byNumber[$0.id]) } }, guarantee)
    }

    private func neighbours(
        of queries: MatrixView<Float>, k: Int, among candidates: CandidateSet?
    ) throws(RetrievalError) -> ([[Neighbour]], SearchGuarantee) {
        let snapshot = try index.current(store).searching
        do throws(VectorIndexError) {
            return (try snapshot.search(queries, k: k, among: candidates), snapshot.guarantee)
        } catch .damaged {
            // The index is derived: what a flipped bit has cost is made again.
            let rebuilt = try index.rebuilt(store).searching
            return try indexing { () throws(VectorIndexError) in
                (try rebuilt.search(queries, k: k, among: candidates), rebuilt.guarantee)
            }
        } catch {
            throw .index(error)
        }
    }
}
