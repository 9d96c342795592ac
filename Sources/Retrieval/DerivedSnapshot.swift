internal import VectorIndex
internal import VectorMath

/// A collection's vectors as they are searched at one moment: by its structure.
enum DerivedSnapshot: Sendable {
    case exact(ExactSnapshot)
    case graph(GraphSnapshot)
    case partitions(PartitionSnapshot)

    /// Opens a file, whose first letters say its structure.
    init(path: String) throws(VectorIndexError) {
        switch try IndexStructure(ofFile: path) {
        case .exact: self = .exact(try ExactSnapshot(path: path))
        case .graph: self = .graph(try GraphSnapshot(path: path))
        case .partitions: self = .partitions(try PartitionSnapshot(path: path))
        }
    }

    var structure: IndexStructure {
        switch self {
        case .exact: .exact
        case .graph: .graph
        case .partitions: .partitions
        }
    }

    var searching: any VectorSearching {
        switch self {
        case .exact(let snapshot): snapshot
        case .graph(let snapshot): snapshot
        case .partitions(let snapshot): snapshot
        }
    }

    var tag: [UInt8] {
        switch self {
        case .exact(let snapshot): snapshot.tag
        case .graph(let snapshot): snapshot.tag
        case .partitions(let snapshot): snapshot.tag
        }
    }

    var bytesPerVector: Int {
        switch self {
        case .exact(let snapshot): snapshot.bytesPerVector
        case .graph(let snapshot): snapshot.bytesPerVector
        case .partitions(let snapshot): snapshot.bytesPerVector
        }
    }

    /// All numbers, ascending.
    func ids() throws(VectorIndexError) -> [UInt64] {
        switch self {
        case .exact(let snapshot): try snapshot.ids()
        case .graph(let snapshot): try snapshot.ids()
        case .partitions(let snapshot): try snapshot.ids()
        }
    }

    func verify() throws(VectorIndexError) {
        switch self {
        case .exact(let snapshot): try snapshot.verify()
        case .graph(let snapshot): try snapshot.verify()
        case .partitions(let snapshot): try snapshot.verify()
        }
    }

    func write(to path: String, tag: [UInt8]) throws(VectorIndexError) {
        switch self {
        case .exact(let snapshot): try snapshot.write(to: path, tag: tag)
        case .graph(let snapshot): try snapshot.write(to: path, tag: tag)
        case .partitions(let snapshot): try snapshot.write(to: path, tag: tag)
        }
    }

    /// How complete results are measured to be; nil where nothing is missed, or nothing was measured.
    private var calibration: RecallCalibration? {
        switch self {
        case .exact: nil
        case .graph(let snapshot): snapshot.calibration
        case .partitions(let snapshot): snapshot.calibration
        }
    }

    /// Whether it misses nothing, or was measured to reach a recall.
    func reaches(_ recall: Double) -> Bool {
        if case .exact = self { return true }
        return calibration?.reaches(recall) ?? false
    }

    /// Whether it should be made anew, having grown so much.
    var isOutgrown: Bool {
        switch self {
        case .exact: false
        case .graph(let snapshot): snapshot.isOutgrown
        case .partitions(let snapshot): snapshot.isOutgrown
        }
    }

    /// The same, with as much done as a recall takes.
    func searching(recall: Double) -> DerivedSnapshot {
        switch self {
        case .exact: self
        case .graph(let snapshot): .graph(snapshot.searching(recall: recall))
        case .partitions(let snapshot): .partitions(snapshot.searching(recall: recall))
        }
    }

    /// Whether a vector is what became of one of the store's: that one, or where it is kept in half precision as near to it as that gets.
    ///
    /// What is rounded is the difference from a centre, at most 2 long, to 11 bits a coordinate: by 2⁻¹¹·2 at most, and turned back.
    func holds(_ vector: [Float], for expected: [Float]) -> Bool {
        if case .exact = self { return vector == expected }
        let largest: Float = 1.5e-3
        let square = zip(vector, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return square <= largest * largest
    }
}

/// What changes a collection's vectors, in memory, by its structure.
enum DerivedWriter: Sendable {
    case exact(ExactIndex)
    case graph(GraphIndex)
    case partitions(PartitionIndex)

    init(_ structure: IndexStructure, dimension: Int) {
        switch structure {
        case .exact: self = .exact(ExactIndex(dimension: dimension, metric: .cosine))
        case .graph: self = .graph(GraphIndex(dimension: dimension, metric: .cosine))
        case .partitions: self = .partitions(PartitionIndex(dimension: dimension, metric: .cosine))
        }
    }

    /// Begins with a snapshot's content; all of an approximate one's file is read for it.
    init(continuing snapshot: DerivedSnapshot) throws(VectorIndexError) {
        switch snapshot {
        case .exact(let snapshot): self = .exact(ExactIndex(continuing: snapshot))
        case .graph(let snapshot): self = .graph(try GraphIndex(continuing: snapshot))
        case .partitions(let snapshot): self = .partitions(try PartitionIndex(continuing: snapshot))
        }
    }

    func snapshot() -> DerivedSnapshot {
        switch self {
        case .exact(let index): .exact(index.snapshot())
        case .graph(let index): .graph(index.snapshot())
        case .partitions(let index): .partitions(index.snapshot())
        }
    }

    func add(ids: [UInt64], vectors: MatrixView<Float>) throws(VectorIndexError) {
        switch self {
        case .exact(let index): try index.add(ids: ids, vectors: vectors)
        case .graph(let index): try index.add(ids: ids, vectors: vectors)
        case .partitions(let index): try index.add(ids: ids, vectors: vectors)
        }
    }

    func delete(ids: [UInt64]) throws(VectorIndexError) {
        switch self {
        case .exact(let index): try index.delete(ids: ids)
        case .graph(let index): index.delete(ids: ids)
        case .partitions(let index): index.delete(ids: ids)
        }
    }

    func commit(_ report: CollectionReport? = nil) throws(VectorIndexError) {
        func goOn(_ progress: IndexProgress) -> Bool {
            report?(CollectionProgress(step: .indexing(progress.step), done: progress.done, total: progress.total))
            return true
        }
        switch self {
        case .exact(let index): try index.commit()
        case .graph(let index): try index.commit(progress: goOn)
        case .partitions(let index): try index.commit(progress: goOn)
        }
    }

    func rollback() {
        switch self {
        case .exact(let index): index.rollback()
        case .graph(let index): index.rollback()
        case .partitions(let index): index.rollback()
        }
    }
}
