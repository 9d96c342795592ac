internal import Files
internal import VectorIndex
internal import VectorMath

extension DerivedIndex {
    /// What is wrong with the file, or differs between it and a store.
    ///
    /// A file that is missing or of an older state is no problem: it is made or brought up to date when it is next needed. One
    /// that says to be of the present state must hold exactly what the store holds.
    static func problems(
        folder: String, identity: CollectionIdentity, store: any CollectionStore
    ) throws(RetrievalError) -> [String] {
        let path = FileSystem.joined(folder, fileName)
        guard FileSystem.exists(path) else { return [] }
        let snapshot: DerivedSnapshot
        do throws(VectorIndexError) {
            snapshot = try DerivedSnapshot(path: path)
            try snapshot.verify()
        } catch {
            return [error.description]
        }
        guard let tag = tag(of: snapshot, for: identity) else { return [foreign(snapshot, path, for: identity)] }
        let expected = ExactIndex(dimension: identity.dimension, metric: .cosine)
        let current = try store.changes(since: nil, known: []) { change in
            if case .add(let numbers, let vectors) = change { try expected.add(ids: numbers, vectors: vectors) }
        }
        guard tag.revision == current else { return [] }
        do throws(VectorIndexError) {
            try expected.commit()
            return try differences(path: path, snapshot, expected.snapshot())
        } catch {
            return [error.description]
        }
    }

    private static func differences(
        path: String, _ snapshot: DerivedSnapshot, _ expected: ExactSnapshot
    ) throws(VectorIndexError) -> [String] {
        let (found, wanted) = (try snapshot.ids(), try expected.ids())
        let (extra, missing) = SQLiteStore.difference(found, wanted)
        var problems: [String] = []
        if !extra.isEmpty {
            problems.append("\(path): it holds \(extra.count) passages that the database does not hold")
        }
        if !missing.isEmpty { problems.append("\(path): it lacks \(missing.count) passages that the database holds") }
        var other = 0
        for number in wanted {
            guard let found = try snapshot.searching.vector(of: number), let vector = try expected.vector(of: number)
            else { continue }
            if !snapshot.holds(found, for: vector) { other += 1 }
        }
        if other > 0 { problems.append("\(path): \(other) of its vectors are not the database's") }
        return problems
    }
}
