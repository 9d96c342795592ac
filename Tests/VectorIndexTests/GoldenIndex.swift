import Files
import TestSupport
import Testing
import VectorIndex
import VectorMath

/// The content of the index files in `fixtures/index`.
///
/// They were written once, by the first version of their format; later versions must read them. To write those of a new format, run
/// `ATTUNE_WRITE_GOLDEN_INDEX=DIR swift test --filter GoldenIndexWriter`.
enum GoldenIndex {
    static let tag = Array("golden".utf8)
    static let ids: [UInt64] = [9, 2, 1 << 63, 300, 4, .max, 0]
    static let query: [Float] = [1, -2, 0.5, 4, -0.25]

    static let codedIDs = (0..<40).map { UInt64($0 * 7919 % 1009) }

    /// An index with codes, in two blocks.
    static func coded(_ metric: Metric, storage: VectorStorage = .float32) throws -> ExactSnapshot {
        try TestVectors.index(codedVectors, ids: codedIDs, metric: metric, storage: storage, codes: .always)
    }

    /// The name of a file of format 3.
    static func name(_ metric: Metric, storage: VectorStorage) -> String {
        "format3-\(storage.rawValue)-\(metric.rawValue).index"
    }

    /// The same vectors in a graph that keeps them.
    static func graph(_ metric: Metric) throws -> GraphSnapshot {
        let settings = GraphSettings(keepsVectors: true, seed: 1)
        return try GraphVectors.graph(codedVectors, ids: codedIDs, metric: metric, settings: settings).snapshot()
    }

    /// The same vectors in partitions that keep them.
    static func partitions(_ metric: Metric) throws -> PartitionSnapshot {
        let settings = PartitionSettings(partitions: 4, vectors: .float32, seed: 1)
        return try PartitionSamples.index(codedVectors, ids: codedIDs, metric: metric, settings: settings).snapshot()
    }

    private static var codedVectors: Matrix<Float> {
        var vectors = Matrix<Float>(rows: 40, columns: 5)
        for row in 0..<40 {
            for column in 0..<5 { vectors[row, column] = Float((row * 37 + column * 11) % 23 - 11) / 4 }
        }
        return vectors
    }

    /// Numbers that are exact in float32 and need no generator.
    static let vectors = Matrix<Float>(
        rowsOf: (0..<7).map { row in (0..<5).map { column in Float((row * 37 + column * 11) % 23 - 11) / 4 } })
}

@Suite("Golden index files")
struct GoldenIndexWriter {
    static let folder = FileSystem.environment("ATTUNE_WRITE_GOLDEN_INDEX")

    @Test("are written where the environment says", .enabled(if: folder != nil))
    func write() throws {
        let folder = try #require(Self.folder)
        for metric in Metric.allCases {
            let snapshot = try TestVectors.index(GoldenIndex.vectors, ids: GoldenIndex.ids, metric: metric)
            let path = FileSystem.joined(folder, "format1-\(metric.rawValue).index")
            try snapshot.write(to: path, tag: GoldenIndex.tag, force: false)
            #expect(FileSystem.isFile(path))
            let coded = FileSystem.joined(folder, "format2-\(metric.rawValue).index")
            try GoldenIndex.coded(metric).write(to: coded, tag: GoldenIndex.tag, force: false)
            #expect(FileSystem.isFile(coded))
            for storage in VectorStorage.allCases where storage != .float32 {
                let stored = FileSystem.joined(folder, GoldenIndex.name(metric, storage: storage))
                try GoldenIndex.coded(metric, storage: storage).write(to: stored, tag: GoldenIndex.tag, force: false)
                #expect(FileSystem.isFile(stored))
            }
            let graph = FileSystem.joined(folder, "graph1-\(metric.rawValue).index")
            try GoldenIndex.graph(metric).write(to: graph, tag: GoldenIndex.tag, force: false)
            #expect(FileSystem.isFile(graph))
            let partitions = FileSystem.joined(folder, "partitions1-\(metric.rawValue).index")
            try GoldenIndex.partitions(metric).write(to: partitions, tag: GoldenIndex.tag, force: false)
            #expect(FileSystem.isFile(partitions))
        }
    }
}
