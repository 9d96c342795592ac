import Files
import TestSupport
import Testing
import VectorMath

@testable import VectorIndex

/// Vectors and queries of one kind.
struct SearchData: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var vectors: Matrix<Float>
    var queries: Matrix<Float>

    init(_ name: String, _ count: Int, _ dimension: Int, queries: Int = 40, _ make: (Int, Int, UInt64) -> Matrix<Float>)
    {
        testDescription = "\(name), \(count) × \(dimension)"
        vectors = make(count, dimension, 1)
        self.queries = make(queries, dimension, 2)
    }

    static let all: [SearchData] = [
        SearchData("random", 5000, 64) { TestVectors.random($0, dimension: $1, seed: $2) },
        SearchData("random", 3000, 33) { TestVectors.random($0, dimension: $1, seed: $2) },
        SearchData("random", 3000, 2) { TestVectors.random($0, dimension: $1, seed: $2) },
        SearchData("random", 700, 1030, queries: 20) { TestVectors.random($0, dimension: $1, seed: $2) },
        SearchData("random", 600, 8192, queries: 5) { TestVectors.random($0, dimension: $1, seed: $2) },
        SearchData("clustered", 6000, 100) { TestVectors.clustered($0, dimension: $1, seed: $2) },
        SearchData("clustered tightly", 6000, 129) {
            TestVectors.clustered($0, dimension: $1, centres: 7, spread: 0.01, seed: $2)
        },
        SearchData("ties", 4000, 3) { TestVectors.coarse($0, dimension: $1, seed: $2) },
        SearchData("ties", 4000, 40) { TestVectors.coarse($0, dimension: $1, seed: $2) },
        SearchData("in order of nearness", 5000, 48) { count, dimension, seed in
            let vectors = TestVectors.random(count, dimension: dimension, seed: seed)
            let order = (0..<count).sorted { vectors[$0, 0] + vectors[$0, 1] < vectors[$1, 0] + vectors[$1, 1] }
            return Matrix(rowsOf: order.map { vectors.row($0) })
        },
        SearchData("few coordinates", 4000, 200) { count, dimension, seed in
            var vectors = Matrix<Float>(rows: count, columns: dimension)
            var generator = RandomGenerator(seed: seed)
            for row in 0..<count {
                for _ in 0..<3 { vectors[row, generator.below(dimension)] = 1 + generator.uniform() }
            }
            return vectors
        },
        SearchData("far from zero", 3000, 70) { moved(TestVectors.random($0, dimension: $1, seed: $2), by: 5000) },
        SearchData("tiny", 3000, 70) { scaled(TestVectors.random($0, dimension: $1, seed: $2)) { _ in 1e-12 } },
        SearchData("of all lengths", 3000, 70) {
            scaled(TestVectors.random($0, dimension: $1, seed: $2)) {
                Float(sign: .plus, exponent: $0 % 60 - 30, significand: 1)
            }
        },
        SearchData("with zeros", 3000, 70) {
            scaled(TestVectors.random($0, dimension: $1, seed: $2)) { $0 % 3 == 0 ? 0 : 1 }
        },
    ]

    static func moved(_ vectors: Matrix<Float>, by distance: Float) -> Matrix<Float> {
        Matrix(rows: vectors.rows, columns: vectors.columns, elements: vectors.elements().map { $0 + distance })
    }

    static func scaled(_ vectors: Matrix<Float>, _ factor: (Int) -> Float) -> Matrix<Float> {
        Matrix(rowsOf: (0..<vectors.rows).map { row in vectors.row(row).map { $0 * factor(row) } })
    }
}

@Suite("Search by codes")
struct CodedSearchTests {
    /// Relative to the lengths that take part: float32 sums of thousands of products.
    static let tolerance = 1e-5

    @Test("finds what a full scan and a scan in double precision find", arguments: SearchData.all, Metric.allCases)
    func equalsFullScan(data: SearchData, metric: Metric) throws {
        let count = data.vectors.rows
        let ids = TestVectors.ids(count, seed: 3)
        let snapshot = try TestVectors.index(data.vectors, ids: ids, metric: metric, codes: .always)
        #expect(snapshot.guarantee == .bounded(missRate: CodeBound.missRate))
        let full = snapshot.fullScan
        #expect(full.guarantee == .exact)
        for k in [1, 10, 100] {
            #expect(try snapshot.search(data.queries.view, k: k) == full.search(data.queries.view, k: k), "K \(k)")
        }
        let reference = DoubleScan(data.vectors, metric: metric)
        for query in 0..<data.queries.rows {
            let found = try snapshot.search(data.queries.row(query), k: 10)
            let (expected, scale) = reference.best(10, of: data.queries.row(query))
            #expect(found.count == expected.count)
            for (neighbour, score) in zip(found, expected) {
                #expect(abs(Double(neighbour.score) - score) <= Self.tolerance * scale, "query \(query)")
            }
        }
    }

    @Test("finds any number of neighbours, up to all", arguments: Metric.allCases)
    func manyNeighbours(metric: Metric) throws {
        let vectors = TestVectors.clustered(9000, dimension: 40, seed: 4)
        let snapshot = try TestVectors.index(
            vectors, ids: TestVectors.ids(9000, seed: 5), metric: metric, codes: .always)
        let queries = TestVectors.clustered(3, dimension: 40, seed: 6)
        for k in [2, 31, 32, 33, 500, 1000, 2249, 2251, 9000, 10_000] {
            #expect(try snapshot.search(queries.view, k: k) == snapshot.fullScan.search(queries.view, k: k), "K \(k)")
        }
    }

    @Test("takes few, equal and single vectors", arguments: [1, 2, 31, 32, 33, 513, 2000], Metric.allCases)
    func degenerate(count: Int, metric: Metric) throws {
        for row in [[Float](repeating: 0.25, count: 20), [Float](repeating: 0, count: 20)] {
            let vectors = Matrix(rowsOf: [[Float]](repeating: row, count: count))
            let ids = TestVectors.ids(count, seed: 7)
            let snapshot = try TestVectors.index(vectors, ids: ids, metric: metric, codes: .always)
            #expect(try snapshot.search(row, k: 40).map(\.id) == Array(ids.sorted().prefix(40)))
            #expect(try snapshot.search(row, k: 3000) == snapshot.fullScan.search(row, k: 3000))
        }
    }

    @Test("finds all within a radius, and that radius itself", arguments: Metric.allCases)
    func radius(metric: Metric) throws {
        let vectors = TestVectors.clustered(5000, dimension: 65, seed: 8)
        let snapshot = try TestVectors.index(
            vectors, ids: TestVectors.ids(5000, seed: 9), metric: metric, codes: .always)
        let queries = TestVectors.clustered(20, dimension: 65, seed: 10)
        for row in 0..<20 {
            let query = queries.row(row)
            let all = try snapshot.fullScan.search(query, k: 5000)
            for place in [0, 7, 240, 1999, 4999] {
                let radius = all[place].score
                #expect(try snapshot.search(query, within: radius) == snapshot.fullScan.search(query, within: radius))
            }
        }
        for radius in [Float.infinity, -Float.infinity, 0] {
            let found = try snapshot.search(queries.row(0), within: radius)
            #expect(try found == snapshot.fullScan.search(queries.row(0), within: radius))
        }
    }

    @Test("looks among the candidates only, from half of all to one in ten thousand", arguments: Metric.allCases)
    func candidates(metric: Metric) throws {
        let count = 20_000
        let vectors = TestVectors.clustered(count, dimension: 48, seed: 11)
        for ids in [TestVectors.ids(count, seed: 12), Array(1_000_030..<1_000_030 + UInt64(count))] {
            let snapshot = try TestVectors.index(vectors, ids: ids, metric: metric, codes: .always)
            let queries = TestVectors.clustered(10, dimension: 48, seed: 13)
            var generator = RandomGenerator(seed: 14)
            for share in [2, 10, 20, 40, 50, 100, 1000, 10_000] {
                let chosen = ids.filter { _ in generator.below(share) == 0 }
                let candidates = CandidateSet(chosen + [5, .max])
                let found = try snapshot.search(queries.view, k: 10, among: candidates)
                #expect(try found == snapshot.fullScan.search(queries.view, k: 10, among: candidates), "1/\(share)")
                let wanted = Set(chosen)
                #expect(
                    found.allSatisfy { $0.count == min(10, chosen.count) && $0.allSatisfy { wanted.contains($0.id) } })
            }
        }
    }

    @Test("gives the same bits for any number of threads and any batch", arguments: Metric.allCases)
    func deterministic(metric: Metric) throws {
        let vectors = TestVectors.clustered(7000, dimension: 48, seed: 15)
        let ids = TestVectors.ids(7000, seed: 16)
        let queries = TestVectors.clustered(70, dimension: 48, seed: 17)
        var results: [[[Neighbour]]] = []
        for width in [1, 2, 3, 8] {
            try ThreadPool.withWidth(width) {
                let snapshot = try TestVectors.index(vectors, ids: ids, metric: metric, codes: .always)
                results.append(try snapshot.search(queries.view, k: 25))
                results.append(try (0..<70).map { try snapshot.search(queries.row($0), k: 25) })
            }
        }
        for result in results { #expect(result == results[0]) }
    }

    // MARK: Changes

    @Test("follows additions, replacements and deletions", arguments: Metric.allCases, [false, true])
    func changes(metric: Metric, inFile: Bool) throws {
        let folder = try TemporaryFolder()
        let index =
            inFile
            ? try ExactIndex(creating: folder.file("a"), dimension: 30, metric: metric, codes: .always)
            : ExactIndex(dimension: 30, metric: metric, codes: .always)
        var model = ReferenceIndex(metric: metric)
        var generator = RandomGenerator(seed: 18)
        for round in 0..<12 {
            let count = round == 0 ? 2000 : 1 + generator.below(700)
            let ids = (0..<count).map { _ in UInt64(generator.below(4000)) }
            let vectors = TestVectors.clustered(count, dimension: 30, seed: UInt64(100 + round))
            try index.add(ids: ids, vectors: vectors.view)
            for (row, id) in ids.enumerated() { model.vectors[id] = vectors.row(row) }
            let gone = (0..<generator.below(400)).map { _ in UInt64(generator.below(4000)) }
            try index.delete(ids: gone)
            for id in gone { model.vectors[id] = nil }
            try index.commit()
            let snapshot = index.snapshot()
            #expect(snapshot.guarantee != .exact)
            #expect(snapshot.count == model.vectors.count)
            let queries = TestVectors.clustered(3, dimension: 30, seed: UInt64(200 + round))
            #expect(try snapshot.search(queries.view, k: 10) == snapshot.fullScan.search(queries.view, k: 10))
            for row in 0..<3 {
                let found = try snapshot.search(queries.row(row), k: 10).map(\.id)
                #expect(found == model.search(queries.row(row), k: 10).map(\.id))
            }
        }
        try index.snapshot().verify()
    }

    @Test("is what an index says that it does")
    func guarantees() throws {
        let small = try TestVectors.index(
            TestVectors.random(100, dimension: 64, seed: 19), ids: Array(0..<100), metric: .cosine)
        #expect(small.guarantee == .exact)
        let vectors = TestVectors.clustered(16_400, dimension: 64, seed: 20)
        let ids = Array(0..<UInt64(16_400))
        #expect(try TestVectors.index(vectors, ids: ids, metric: .cosine).guarantee == .bounded(missRate: 1.9e-8))
        #expect(try TestVectors.index(vectors, ids: ids, metric: .cosine, codes: .never).guarantee == .exact)
        #expect(ExactIndex(dimension: 3, metric: .cosine, codes: .always).snapshot().guarantee == .exact)
    }

    @Test("stays exact where differences between vectors have no digits left")
    func noDigits() throws {
        let vectors = SearchData.moved(TestVectors.random(600, dimension: 8, seed: 21), by: 3e7)
        let snapshot = try TestVectors.index(vectors, ids: Array(0..<600), metric: .squaredL2, codes: .always)
        let query = vectors.row(17)
        #expect(try snapshot.search(query, k: 20) == snapshot.fullScan.search(query, k: 20))
    }

    // MARK: Real vectors

    @Test("finds the published neighbours of MNIST", .enabled(if: SharedData.exists("mnist784")))
    func mnist() throws {
        let folder = SharedData.folder + "/mnist784"
        func matrix(_ name: String, rows: Int) throws -> Matrix<Float> {
            let array = try NumpyArray.open(folder + "/" + name)
            return Matrix(rows: rows, columns: array.columns, elements: array.floats(rows: 0..<rows))
        }
        let vectors = try matrix("train.npy", rows: 60_000)
        let queries = try matrix("test.npy", rows: 10_000)
        let snapshot = try TestVectors.index(vectors, ids: Array(0..<60_000), metric: .squaredL2)
        #expect(snapshot.guarantee != .exact)
        let truth = try NumpyArray.open(folder + "/gt100_l2.npy")
        // Every twentieth: the file is in the order of the digits.
        for query in stride(from: 0, to: 10_000, by: 20) {
            let expected = truth.floats(rows: query..<query + 1).map { UInt64($0) }
            let found = try snapshot.search(queries.row(query), k: 100)
            // Squared distances of whole numbers up to 784·255² exceed what float32 counts: equal to rounding.
            for (neighbour, id) in zip(found, expected) where neighbour.id != id {
                let distance = zip(queries.row(query), vectors.row(Int(id))).reduce(0.0) {
                    $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
                }
                #expect(abs(Double(neighbour.score) - distance) <= 1e-6 * distance, "query \(query)")
            }
        }
    }
}
