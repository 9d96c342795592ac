import Testing
import VectorMath

@testable import VectorIndex

@Suite("Graphs that change")
struct GraphChangeTests {
    /// Which bytes a graph has, so that two can be compared.
    private func bytes(_ snapshot: GraphSnapshot) -> [[UInt8]] {
        (0..<snapshot.state.vertexEnd).map { vertex in
            Array(UnsafeRawBufferPointer(start: snapshot.state.rows.row(vertex), count: snapshot.state.rows.rowSize))
        }
    }

    /// Vertices in use that a walk from the entries does not reach, and lists with a vertex that is not in use.
    private func faults(_ snapshot: GraphSnapshot) -> Int {
        let state = snapshot.state
        var reached = Set(state.entryVertices)
        var queue = state.entryVertices
        var dangling = 0
        state.withRows { rows in
            var list = [UInt32](repeating: 0, count: state.layout.degree)
            while let vertex = queue.popLast() {
                let count = list.withUnsafeMutableBufferPointer { rows.neighbours(vertex, into: $0.baseAddress!) }
                for neighbour in list.prefix(count) {
                    if !state.isLive(neighbour) { dangling += 1 }
                    if reached.insert(neighbour).inserted { queue.append(neighbour) }
                }
            }
        }
        return dangling + state.vertexCount - reached.count
    }

    @Test("makes the same graph for any number of threads", arguments: [GraphProfile.fast, .small])
    func deterministic(profile: GraphProfile) throws {
        let vectors = GraphVectors.clustered(3000, dimension: 32, seed: 20)
        func build(_ width: Int) throws -> GraphSnapshot {
            try ThreadPool.withWidth(width) {
                let index = try GraphVectors.graph(vectors, settings: GraphSettings(profile: profile))
                index.delete(ids: (0..<UInt64(500)).map { $0 * 5 })
                try index.commit()
                try index.add(ids: (5000..<5300).map { $0 }, vectors: vectors.view.rows(0..<300))
                try index.commit()
                return index.snapshot()
            }
        }
        let one = try build(1)
        for width in [2, 8] {
            let other = try build(width)
            let isSame = bytes(one) == bytes(other)
            #expect(isSame)
            #expect(one.state.entryVertices == other.state.entryVertices)
        }
    }

    @Test("reaches every vertex", arguments: [40, 600, 3000])
    func reachable(count: Int) throws {
        for vectors in [
            GraphVectors.clustered(count, dimension: 24, seed: 21), TestVectors.coarse(count, dimension: 9, seed: 22),
            TestVectors.random(count, dimension: 130, seed: 23),
        ] {
            #expect(faults(try GraphVectors.graph(vectors).snapshot()) == 0)
        }
    }

    @Test(
        "find every vector by itself with the narrowest beam, however far from the others it lies, after every change")
    func findsAll() throws {
        var vectors = GraphVectors.clustered(5000, dimension: 48, seed: 25)
        var generator = RandomGenerator(seed: 26)
        for row in stride(from: 0, to: 5000, by: 29) {
            vectors.setRow(row, to: (0..<48).map { _ in 6 * generator.normal() })
        }
        // With the narrowest beam as the graph keeps them; in float32, which may end between others as far away, with a usual one.
        func lost(_ snapshot: GraphSnapshot, _ ids: some Sequence<UInt64>) throws -> [UInt64] {
            let (narrow, usual) = (snapshot.searching(beam: 10), snapshot.searching(beam: 24))
            return try ids.filter { id in
                let kept = try #require(try snapshot.vector(of: id))
                return try !narrow.search(kept, k: 10).contains { $0.id == id }
                    || !usual.search(vectors.row(Int(id)), k: 10).contains { $0.id == id }
            }
        }
        let index = GraphIndex(dimension: 48, metric: .squaredL2)
        for added in [0..<2900, 2900..<3500, 3500..<4200, 4200..<5000] {
            try index.add(ids: added.map(UInt64.init), vectors: vectors.view.rows(added))
            try index.commit()
            #expect(try lost(index.snapshot(), 0..<UInt64(added.upperBound)) == [], "added \(added)")
        }
        index.delete(ids: (0..<5000).filter { $0 % 5 == 1 })
        try index.commit()
        #expect(try lost(index.snapshot(), (0..<5000).filter { $0 % 5 != 1 }) == [])
    }

    @Test("links what nothing leads to")
    func linksIslands() throws {
        // Groups so far apart that no vertex has a neighbour in another group.
        var generator = RandomGenerator(seed: 24)
        var vectors = Matrix<Float>(rows: 4000, columns: 8)
        for row in 0..<4000 {
            let island = row / 100
            vectors.setRow(
                row, to: (0..<8).map { Float(island >> ($0 % 6) & 1) * 40 * Float($0 + 1) + generator.normal() })
        }
        let snapshot = try GraphVectors.graph(vectors).snapshot()
        #expect(faults(snapshot) == 0)
        #expect(try snapshot.search(vectors.row(0), k: 4000).count == 4000)
    }

    @Test("stays as good as a fresh graph while a quarter is deleted and added again and again")
    func churn() throws {
        let count = 4000
        let vectors = GraphVectors.clustered(count, dimension: 32, seed: 25)
        let queries = GraphVectors.clustered(200, dimension: 32, seed: 25, stream: 2)
        let truth = try GraphVectors.exact(vectors, metric: .squaredL2).search(queries.view, k: 10)
        let index = try GraphVectors.graph(vectors)
        var generator = RandomGenerator(seed: 26)
        for _ in 0..<13 {
            var order = Array(0..<count)
            generator.shuffle(&order)
            let chosen = order.prefix(count / 4).sorted()
            #expect(index.delete(ids: chosen.map { UInt64($0) }) == count / 4)
            try index.commit()
            #expect(index.snapshot().count == count - count / 4)
            #expect(faults(index.snapshot()) == 0)
            try index.add(ids: chosen.map { UInt64($0) }, vectors: Matrix(rowsOf: chosen.map { vectors.row($0) }).view)
            try index.commit()
            #expect(faults(index.snapshot()) == 0)
        }
        let beam = 64
        let fresh = try GraphVectors.graph(vectors).snapshot().searching(beam: beam)
        let churned = index.snapshot().searching(beam: beam)
        let expected = GraphVectors.recall(try fresh.search(queries.view, k: 10), of: truth, metric: .squaredL2)
        let found = GraphVectors.recall(try churned.search(queries.view, k: 10), of: truth, metric: .squaredL2)
        #expect(found >= expected - 0.005, "\(found) after, \(expected) of a fresh graph")
        var missed = 0
        for row in 0..<1000 where try churned.search(vectors.row(row), k: 1).first?.id != UInt64(row) { missed += 1 }
        #expect(missed == 0)
    }

    @Test("loses nothing of a batch that goes in on many threads")
    func batch() throws {
        let vectors = GraphVectors.clustered(20000, dimension: 32, clusters: 100, seed: 27)
        let snapshot = try ThreadPool.withWidth(8) { try GraphVectors.graph(vectors).snapshot().searching(beam: 64) }
        let found = try snapshot.search(vectors.view, k: 1)
        let missed = found.enumerated().count { $0.element.first?.id != UInt64($0.offset) }
        #expect(missed == 0)
        #expect(faults(snapshot) == 0)
    }

    @Test("leaves earlier snapshots as they were, and copies what changed only")
    func snapshots() throws {
        let vectors = GraphVectors.clustered(5000, dimension: 500, seed: 28)
        let index = try GraphVectors.graph(vectors)
        let before = index.snapshot()
        let (bytes, answer) = (bytes(before), try before.search(vectors.row(3), k: 20))
        index.delete(ids: [3])
        try index.commit()
        let after = index.snapshot()
        #expect(after.count == 4999 && before.count == 5000)
        #expect(try after.search(vectors.row(3), k: 5).allSatisfy { $0.id != 3 })
        #expect(try before.search(vectors.row(3), k: 20) == answer)
        let isSame = self.bytes(before) == bytes
        #expect(isSame)
        #expect(after.state.rows.sharedBlocks(with: before.state.rows) > after.state.rows.blockCount / 5)
    }

    @Test("replaces the vector of an id that is added again, and uses the room of deleted ones")
    func replaces() throws {
        let vectors = GraphVectors.clustered(800, dimension: 16, seed: 29)
        let index = try GraphVectors.graph(vectors)
        let room = index.snapshot().state.vertexEnd
        let other = GraphVectors.clustered(1, dimension: 16, seed: 30)
        try index.add(ids: [5], vectors: other.view)
        try index.commit()
        #expect(index.snapshot().count == 800)
        #expect(try index.snapshot().search(other.row(0), k: 1).first?.id == 5)
        #expect(try index.snapshot().search(vectors.row(5), k: 1).first?.id != 5)
        #expect(index.snapshot().state.vertexEnd == room)
    }

    @Test("deletes one of several equal vectors, and all of them")
    func deletesTwins() throws {
        var vectors = TestVectors.random(100, dimension: 8, seed: 31)
        for row in 1..<4 { vectors.setRow(row, to: vectors.row(0)) }
        let index = try GraphVectors.graph(vectors)
        #expect(try index.snapshot().search(vectors.row(0), k: 4).map(\.id) == [0, 1, 2, 3])
        index.delete(ids: [0, 2])
        try index.commit()
        #expect(try index.snapshot().search(vectors.row(0), k: 2).map(\.id) == [1, 3])
        index.delete(ids: [1, 3])
        try index.commit()
        #expect(index.snapshot().count == 96)
        #expect(try index.snapshot().search(vectors.row(0), k: 96).count == 96)
    }

    @Test("goes on after everything was deleted")
    func deletesAll() throws {
        let vectors = TestVectors.random(700, dimension: 8, seed: 32)
        let index = try GraphVectors.graph(vectors)
        index.delete(ids: (0..<700).map { $0 })
        try index.commit()
        #expect(index.snapshot().count == 0)
        #expect(try index.snapshot().search(vectors.row(0), k: 3).isEmpty)
        try index.add(ids: (0..<700).map { $0 }, vectors: vectors.view)
        try index.commit()
        #expect(try index.snapshot().search(vectors.row(9), k: 1).first?.id == 9)
    }

    @Test("changes nothing when a commit is cancelled, and keeps the changes for the next")
    func cancelled() throws {
        let vectors = GraphVectors.clustered(3000, dimension: 16, seed: 33)
        let index = try GraphVectors.graph(vectors[rows: 0..<1000].copy)
        let before = bytes(index.snapshot())
        try index.add(ids: (1000..<3000).map { $0 }, vectors: vectors.view.rows(1000..<3000))
        var steps: [IndexProgress.Step] = []
        #expect(throws: VectorIndexError.cancelled) {
            try index.commit { progress in
                steps.append(progress.step)
                return progress.step != .refining
            }
        }
        #expect(steps.contains(.inserting) && steps.last == .refining)
        #expect(index.snapshot().count == 1000)
        let isSame = bytes(index.snapshot()) == before
        #expect(isSame)
        try index.commit()
        #expect(index.snapshot().count == 3000)
    }

    @Test("forgets changes that are rolled back")
    func rollback() throws {
        let vectors = TestVectors.random(50, dimension: 8, seed: 34)
        let index = try GraphVectors.graph(vectors)
        index.delete(ids: [1])
        try index.add(ids: [70], vectors: vectors.view.rows(0..<1))
        index.rollback()
        try index.commit()
        #expect(try index.snapshot().ids() == (0..<50).map { $0 })
    }

    @Test("takes additions from several threads at once")
    func concurrentAdds() async throws {
        let vectors = GraphVectors.clustered(4000, dimension: 16, seed: 35)
        let index = GraphIndex(dimension: 16, metric: .squaredL2)
        await withTaskGroup(of: Void.self) { group in
            for part in 0..<8 {
                group.addTask {
                    let rows = part * 500..<part * 500 + 500
                    try? index.add(ids: rows.map { UInt64($0) }, vectors: vectors.view.rows(rows))
                    try? index.commit()
                }
            }
        }
        let found = try index.snapshot().searching(beam: 64).search(vectors.view, k: 1)
        #expect(found.enumerated().count { $0.element.first?.id != UInt64($0.offset) } == 0)
    }
}

extension MatrixView<Float> {
    fileprivate var copy: Matrix<Float> { Matrix(copying: self) }
}
