import Testing
import VectorIndex
import VectorMath

@Suite("Exact search")
struct ExactSearchTests {
    /// Relative to the sizes of the vectors here: float32 sums of some dozens of products.
    static let tolerance = 2e-5

    struct Setting: CustomTestStringConvertible {
        var metric: Metric
        var count: Int
        var dimension: Int
        var testDescription: String { "\(metric.rawValue), \(count) vectors of \(dimension)" }
    }

    static let settings = Metric.allCases.flatMap { metric in
        [(1, 1), (3, 5), (100, 16), (1500, 33), (5000, 64)].map { Setting(metric: metric, count: $0, dimension: $1) }
    }

    @Test("finds what the definition finds", arguments: settings)
    func equalsDefinition(setting: Setting) throws {
        let vectors = TestVectors.random(setting.count, dimension: setting.dimension, seed: 1)
        let ids = TestVectors.ids(setting.count, seed: 2)
        let snapshot = try TestVectors.index(vectors, ids: ids, metric: setting.metric)
        let reference = ReferenceIndex(vectors, ids: ids, metric: setting.metric)
        let queries = TestVectors.random(5, dimension: setting.dimension, seed: 3)
        #expect(snapshot.count == setting.count)
        for (row, found) in try snapshot.search(queries.view, k: 10).enumerated() {
            let expected = reference.search(queries.row(row), k: 10)
            #expect(found.count == min(10, setting.count))
            try #require(found.count == expected.count)
            for (neighbour, expectation) in zip(found, expected) {
                let scale = Self.tolerance * max(1, abs(expectation.score))
                #expect(abs(Double(neighbour.score) - expectation.score) < scale)
                let own = reference.score(queries.row(row), try #require(reference.vectors[neighbour.id]))
                #expect(abs(own - expectation.score) < scale, "\(neighbour.id) is as near as what belongs here")
            }
        }
    }

    @Test("puts equal scores in the order of their ids", arguments: Metric.allCases)
    func ties(metric: Metric) throws {
        // Components of -1, 0, 1 in 4 dimensions: scores are exact, and 3000 vectors share a few dozen of them.
        let vectors = TestVectors.coarse(3000, dimension: 4, seed: 4)
        let ids = TestVectors.ids(3000, seed: 5)
        let snapshot = try TestVectors.index(vectors, ids: ids, metric: metric == .cosine ? .innerProduct : metric)
        let reference = ReferenceIndex(vectors, ids: ids, metric: snapshot.metric)
        for k in [1, 10, 500, 3000] {
            let found = try snapshot.search([1, 0, -1, 1], k: k)
            #expect(found.map(\.id) == reference.search([1, 0, -1, 1], k: k).map(\.id))
        }
    }

    @Test("puts equal vectors in the order of their ids under every metric", arguments: Metric.allCases)
    func equalVectors(metric: Metric) throws {
        let vector = TestVectors.random(1, dimension: 24, seed: 6).row(0)
        let ids = TestVectors.ids(2500, seed: 7)
        let vectors = Matrix<Float>(rowsOf: [[Float]](repeating: vector, count: 2500))
        let snapshot = try TestVectors.index(vectors, ids: ids, metric: metric)
        #expect(try snapshot.search(vector, k: 40).map(\.id) == Array(ids.sorted().prefix(40)))
    }

    @Test("gives the same bits for any number of threads and any batch", arguments: Metric.allCases)
    func deterministic(metric: Metric) throws {
        let vectors = TestVectors.random(7000, dimension: 48, seed: 8)
        let snapshot = try TestVectors.index(vectors, ids: TestVectors.ids(7000, seed: 9), metric: metric)
        let queries = TestVectors.random(70, dimension: 48, seed: 10)
        let expected = try ThreadPool.withWidth(1) { try snapshot.search(queries.view, k: 25) }
        for width in [2, 3, 8] {
            let found = try ThreadPool.withWidth(width) { try snapshot.search(queries.view, k: 25) }
            #expect(found == expected)
        }
        for row in 0..<70 {
            #expect(try snapshot.search(queries.row(row), k: 25) == expected[row])
        }
        #expect(try snapshot.search(queries.view.rows(13..<47), k: 25) == Array(expected[13..<47]))
    }

    @Test("returns everything in order when K exceeds the number of vectors", arguments: [100, 101, 5000, Int.max])
    func largeK(k: Int) throws {
        let vectors = TestVectors.random(100, dimension: 8, seed: 11)
        let ids = TestVectors.ids(100, seed: 12)
        let snapshot = try TestVectors.index(vectors, ids: ids, metric: .squaredL2)
        let found = try snapshot.search(vectors.row(3), k: k)
        #expect(found.count == 100)
        #expect(found.first == Neighbour(id: ids[3], score: 0))
        #expect(zip(found, found.dropFirst()).allSatisfy { $0.score <= $1.score })
    }

    @Test("returns nothing for K of 0, for no queries and from an empty index")
    func nothing() throws {
        let vectors = TestVectors.random(10, dimension: 8, seed: 13)
        let snapshot = try TestVectors.index(vectors, ids: Array(0..<10), metric: .cosine)
        #expect(try snapshot.search(vectors.row(0), k: 0).isEmpty)
        #expect(try snapshot.search(Matrix<Float>(rows: 0, columns: 8).view, k: 5).isEmpty)
        let empty = ExactIndex(dimension: 8, metric: .cosine).snapshot()
        #expect(try empty.search(vectors.view, k: 5) == [[Neighbour]](repeating: [], count: 10))
        #expect(try empty.search(vectors.row(0), within: -1).isEmpty)
    }

    @Test("scores 0 where the query or the vector is zero under cosine")
    func zeroVectors() throws {
        let vectors = Matrix<Float>(rowsOf: [[0, 0], [1, 0], [-1, 0], [0x1p-140, 0]])
        let snapshot = try TestVectors.index(vectors, ids: [1, 2, 3, 4], metric: .cosine)
        #expect(
            try snapshot.search([5, 0], k: 4) == [
                Neighbour(id: 2, score: 1), Neighbour(id: 1, score: 0), Neighbour(id: 4, score: 0),
                Neighbour(id: 3, score: -1),
            ])
        #expect(try snapshot.search([0, 0], k: 4).map(\.score) == [0, 0, 0, 0])
    }

    @Test("takes very short and very long vectors under cosine", arguments: [1e-37, 1e-30, 1, 1e30, 3e38] as [Float])
    func extremeLengths(length: Float) throws {
        let vectors = Matrix<Float>(rowsOf: [[length, length], [length, 0]])
        let snapshot = try TestVectors.index(vectors, ids: [1, 2], metric: .cosine)
        let found = try snapshot.search([length, length], k: 2)
        #expect(found.map(\.id) == [1, 2])
        #expect(abs(found[0].score - 1) < 1e-6)
        #expect(abs(found[1].score - 0.70710678) < 1e-6)
    }

    @Test("finds all within a radius, and that radius itself", arguments: Metric.allCases)
    func radius(metric: Metric) throws {
        let vectors = TestVectors.random(2500, dimension: 12, seed: 14)
        let snapshot = try TestVectors.index(vectors, ids: TestVectors.ids(2500, seed: 15), metric: metric)
        let query = TestVectors.random(1, dimension: 12, seed: 16).row(0)
        let all = try snapshot.search(query, k: 2500)
        for place in [0, 7, 1999, 2499] {
            #expect(try snapshot.search(query, within: all[place].score) == Array(all[...place]))
        }
        #expect(try snapshot.search(query, within: metric.largerIsNearer ? .infinity : -1).isEmpty)
    }

    @Test("looks among the candidates only, few or many", arguments: [0, 1, 3, 50, 900, 2400, 2500])
    func candidates(count: Int) throws {
        let vectors = TestVectors.random(2500, dimension: 20, seed: 17)
        let ids = TestVectors.ids(2500, seed: 18)
        for metric in Metric.allCases {
            let snapshot = try TestVectors.index(vectors, ids: ids, metric: metric)
            // Ids that the index does not have are no candidates for anything.
            let candidates = CandidateSet(ids.prefix(count) + [5, UInt64.max, 1 << 40 - 1])
            let wanted = Set(ids.prefix(count))
            let queries = TestVectors.random(3, dimension: 20, seed: 19)
            let all = try snapshot.search(queries.view, k: 2500)
            let found = try snapshot.search(queries.view, k: 30, among: candidates)
            for (found, all) in zip(found, all) {
                #expect(found == Array(all.filter { wanted.contains($0.id) }.prefix(30)))
            }
            let far: Float = metric.largerIsNearer ? -.infinity : .infinity
            #expect(
                try snapshot.search(queries.row(0), within: far, among: candidates)
                    == all[0].filter { wanted.contains($0.id) })
        }
    }

    // MARK: Refusals

    @Test("refuses vectors and queries of another width")
    func wrongDimension() throws {
        let index = ExactIndex(dimension: 4, metric: .cosine)
        let expected = VectorIndexError.wrongDimension(expected: 4, found: 3)
        #expect(throws: expected) { try index.add(ids: [1], vectors: Matrix<Float>(rowsOf: [[1, 2, 3]]).view) }
        #expect(throws: expected) { try index.snapshot().search([1, 2, 3], k: 1) }
        #expect(throws: expected) { try index.snapshot().search([1, 2, 3], within: 0) }
    }

    @Test(
        "refuses NaN and infinity, and says in which row", arguments: [Float.nan, .infinity, -.infinity],
        Metric.allCases)
    func notFinite(value: Float, metric: Metric) throws {
        let index = ExactIndex(dimension: 3, metric: metric)
        let vectors = Matrix<Float>(rowsOf: [[1, 2, 3], [1, 2, 3], [1, value, 3]])
        #expect(throws: VectorIndexError.notFinite(row: 2)) { try index.add(ids: [1, 2, 3], vectors: vectors.view) }
        try index.commit()
        #expect(index.snapshot().count == 0)
        #expect(throws: VectorIndexError.notFinite(row: 0)) { try index.snapshot().search([value, 0, 0], k: 1) }
    }

    @Test("refuses vectors whose distances would overflow", arguments: [Metric.innerProduct, .squaredL2])
    func tooLong(metric: Metric) throws {
        let index = ExactIndex(dimension: 2, metric: metric)
        #expect(throws: VectorIndexError.notFinite(row: 0)) {
            try index.add(ids: [1], vectors: Matrix<Float>(rowsOf: [[1e19, 1e19]]).view)
        }
        try index.add(ids: [1], vectors: Matrix<Float>(rowsOf: [[6e18, 6e18]]).view)
        try index.commit()
        #expect(try index.snapshot().search([-6e18, -6e18], k: 1)[0].score.isFinite)
    }

    @Test("refuses as many ids as there are not vectors")
    func countMismatch() {
        let index = ExactIndex(dimension: 2, metric: .cosine)
        #expect(throws: VectorIndexError.countMismatch(ids: 2, vectors: 1)) {
            try index.add(ids: [1, 2], vectors: Matrix<Float>(rowsOf: [[1, 1]]).view)
        }
    }
}
