internal import Files
internal import VectorIndex
internal import VectorMath

/// The index beside a collection's database: trusted only where its tag says that it is of the same space and generation.
struct DerivedIndex {
    let path: String
    let identity: CollectionIdentity

    static let fileName = "vectors.index"

    init(folder: String, identity: CollectionIdentity) {
        path = FileSystem.joined(folder, Self.fileName)
        self.identity = identity
    }

    /// The index as it is on the disk where it is up to date, else built anew from the store.
    func current(_ store: any CollectionStore) throws(RetrievalError) -> ExactSnapshot {
        let tag = tag(generation: try store.generation())
        if let snapshot = try? ExactSnapshot(path: path), snapshot.tag == tag, snapshot.dimension == identity.dimension
        {
            return snapshot
        }
        return try rebuilt(store)
    }

    /// Builds the index of everything in the store, and writes it. Where the folder cannot be written the index serves from
    /// memory: a collection on a read-only disk is still searched.
    func rebuilt(_ store: any CollectionStore) throws(RetrievalError) -> ExactSnapshot {
        let (generation, numbers, vectors) = try store.vectors()
        do throws(VectorIndexError) {
            let index = ExactIndex(dimension: identity.dimension, metric: .cosine)
            try index.add(ids: numbers, vectors: vectors.view)
            try index.commit(tag: tag(generation: generation))
            let snapshot = index.snapshot()
            do throws(VectorIndexError) {
                try snapshot.write(to: path)
                return try ExactSnapshot(path: path)
            } catch {
                return snapshot
            }
        } catch {
            throw .index(error)
        }
    }

    /// What is wrong with the file, or differs between it and the store.
    func problems(_ store: any CollectionStore) throws(RetrievalError) -> [String] {
        let (generation, numbers, vectors) = try store.vectors()
        do throws(VectorIndexError) {
            let snapshot = try ExactSnapshot(path: path)
            try snapshot.verify()
            guard snapshot.tag == tag(generation: generation) else {
                return ["\(path): it is of another generation or space than the database"]
            }
            guard try snapshot.ids() == numbers else {
                return ["\(path): it does not hold the passages that the database holds"]
            }
            let expected = ExactIndex(dimension: identity.dimension, metric: .cosine)
            try expected.add(ids: numbers, vectors: vectors.view)
            try expected.commit()
            let other = expected.snapshot()
            for number in numbers where try snapshot.vector(of: number) != other.vector(of: number) {
                return ["\(path): the vector of passage \(number) is not the database's"]
            }
            return []
        } catch {
            return ["\(error)"]
        }
    }

    private func tag(generation: Int) -> [UInt8] {
        Array("attune collection \(identity.space.digest) \(generation)".utf8)
    }
}
