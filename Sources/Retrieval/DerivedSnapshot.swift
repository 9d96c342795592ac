internal import VectorIndex
internal import VectorMath

/// A collection's vectors as they are searched at one moment: by either structure.
enum DerivedSnapshot: Sendable {
    case exact(ExactSnapshot)
    case graph(GraphSnapshot)

    /// Opens the file of either, which its first letters tell apart.
    init(path: String) throws(VectorIndexError) {
        switch try IndexStructure(ofFile: path) {
        case .exact: self = .exact(try ExactSnapshot(path: path))
        case .graph: self = .graph(try GraphSnapshot(path: path))
        }
    }

    var structure: IndexStructure {
        switch self {
        case .exact: .exact
        case .graph: .graph
        }
    }

    var searching: any VectorSearching {
        switch self {
        case .exact(let snapshot): snapshot
        case .graph(let snapshot): snapshot
        }
    }

    var tag: [UInt8] {
        switch self {
        case .exact(let snapshot): snapshot.tag
        case .graph(let snapshot): snapshot.tag
        }
    }

    var bytesPerVector: Int {
        switch self {
        case .exact(let snapshot): snapshot.bytesPerVector
        case .graph(let snapshot): snapshot.bytesPerVector
        }
    }

    /// All numbers, ascending.
    func ids() throws(VectorIndexError) -> [UInt64] {
        switch self {
        case .exact(let snapshot): try snapshot.ids()
        case .graph(let snapshot): try snapshot.ids()
        }
    }

    func verify() throws(VectorIndexError) {
        switch self {
        case .exact(let snapshot): try snapshot.verify()
        case .graph(let snapshot): try snapshot.verify()
        }
    }

    func write(to path: String, tag: [UInt8]) throws(VectorIndexError) {
        switch self {
        case .exact(let snapshot): try snapshot.write(to: path, tag: tag)
        case .graph(let snapshot): try snapshot.write(to: path, tag: tag)
        }
    }

    /// Whether a vector is what became of one of the store's: that one, or for a graph as near to it as half precision gets.
    ///
    /// A graph rounds the difference from its centre, at most 2 long, to 11 bits a coordinate: by 2⁻¹¹·2 at most, and turns it back.
    func holds(_ vector: [Float], for expected: [Float]) -> Bool {
        guard case .graph = self else { return vector == expected }
        let largest: Float = 1.5e-3
        let square = zip(vector, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return square <= largest * largest
    }
}

/// What changes a collection's vectors, in memory: of either structure.
enum DerivedWriter: Sendable {
    case exact(ExactIndex)
    case graph(GraphIndex)

    init(_ structure: IndexStructure, dimension: Int) {
        switch structure {
        case .exact: self = .exact(ExactIndex(dimension: dimension, metric: .cosine))
        case .graph: self = .graph(GraphIndex(dimension: dimension, metric: .cosine))
        }
    }

    /// Begins with a snapshot's content; all of a graph's file is read for it.
    init(continuing snapshot: DerivedSnapshot) throws(VectorIndexError) {
        switch snapshot {
        case .exact(let snapshot): self = .exact(ExactIndex(continuing: snapshot))
        case .graph(let snapshot): self = .graph(try GraphIndex(continuing: snapshot))
        }
    }

    func snapshot() -> DerivedSnapshot {
        switch self {
        case .exact(let index): .exact(index.snapshot())
        case .graph(let index): .graph(index.snapshot())
        }
    }

    func add(ids: [UInt64], vectors: MatrixView<Float>) throws(VectorIndexError) {
        switch self {
        case .exact(let index): try index.add(ids: ids, vectors: vectors)
        case .graph(let index): try index.add(ids: ids, vectors: vectors)
        }
    }

    func delete(ids: [UInt64]) throws(VectorIndexError) {
        switch self {
        case .exact(let index): try index.delete(ids: ids)
        case .graph(let index): index.delete(ids: ids)
        }
    }

    func commit() throws(VectorIndexError) {
        switch self {
        case .exact(let index): try index.commit()
        case .graph(let index): try index.commit()
        }
    }

    func rollback() {
        switch self {
        case .exact(let index): index.rollback()
        case .graph(let index): index.rollback()
        }
    }
}
