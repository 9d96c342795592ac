import Testing
import VectorMath

@testable import VectorIndex

@Suite("Partitions that change")
struct PartitionChangeTests {
    /// Which bytes an index has, so that two can be compared.
    private func bytes(_ snapshot: PartitionSnapshot) -> [[UInt8]] {
        snapshot.state.bodies.map { body in
            Array(UnsafeRawBufferPointer(start: body.base, count: snapshot.state.layout.size(body.count)))
        }
    }

    @Test("makes the same partitions for any number of threads", arguments: [PartitionSettings.fast, .small])
    func deterministic(settings: PartitionSettings) throws {
        let vectors = GraphVectors.clustered(3000, dimension: 32, seed: 20)
        func build(_ width: Int) throws -> PartitionSnapshot {
            try ThreadPool.withWidth(width) {
                let index = try PartitionSamples.index(vectors, settings: settings)
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
            #expect(one.state.centres.lengths == other.state.centres.lengths)
            #expect(one.calibration == other.calibration)
        }
    }

    @Test("stays as good as a fresh index while a quarter is deleted and added again and again")
    func churn() throws {
        let count = 4000
        let vectors = GraphVectors.clustered(count, dimension: 32, seed: 25)
        let queries = GraphVectors.clustered(200, dimension: 32, seed: 25, stream: 2)
        let truth = try GraphVectors.exact(vectors, metric: .squaredL2).search(queries.view, k: 10)
        let index = try PartitionSamples.index(vectors)
        var generator = RandomGenerator(seed: 26)
        for _ in 0..<13 {
            var order = Array(0..<count)
            generator.shuffle(&order)
            let chosen = order.prefix(count / 4).sorted()
            #expect(index.delete(ids: chosen.map { UInt64($0) }) == count / 4)
            try index.commit()
            #expect(index.snapshot().count == count - count / 4)
            try index.add(ids: chosen.map { UInt64($0) }, vectors: Matrix(rowsOf: chosen.map { vectors.row($0) }).view)
            try index.commit()
        }
        let probes = 16
        let fresh = try PartitionSamples.index(vectors).snapshot().searching(probes: probes)
        let churned = index.snapshot().searching(probes: probes)
        let expected = GraphVectors.recall(try fresh.search(queries.view, k: 10), of: truth, metric: .squaredL2)
        let found = GraphVectors.recall(try churned.search(queries.view, k: 10), of: truth, metric: .squaredL2)
        #expect(found >= expected - 0.005, "\(found) after, \(expected) of a fresh index")
        let all = churned.searching(probes: churned.partitionCount)
        var missed = 0
        for row in 0..<1000 where try all.search(vectors.row(row), k: 1).first?.id != UInt64(row) { missed += 1 }
        #expect(missed == 0)
    }

    @Test("loses nothing of a batch that goes in on many threads")
    func batch() throws {
        let vectors = GraphVectors.clustered(20000, dimension: 32, clusters: 100, seed: 27)
        let snapshot = try ThreadPool.withWidth(8) {
            try PartitionSamples.index(vectors).snapshot().searching(probes: 64)
        }
        let found = try snapshot.search(vectors.view, k: 1)
        let missed = found.enumerated().count { $0.element.first?.id != UInt64($0.offset) }
        #expect(missed == 0)
    }

    @Test("leaves earlier snapshots as they were, and copies what changed only")
    func snapshots() throws {
        let vectors = GraphVectors.clustered(5000, dimension: 500, seed: 28)
        let index = try PartitionSamples.index(vectors)
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
        let shared = zip(before.state.bodies, after.state.bodies).count { $0 === $1 }
        #expect(shared == before.partitionCount - 1)
    }

    @Test("replaces the vector of an id that is added again, and leaves no room behind")
    func replaces() throws {
        let vectors = GraphVectors.clustered(800, dimension: 16, seed: 29)
        let index = try PartitionSamples.index(vectors)
        let other = GraphVectors.clustered(1, dimension: 16, seed: 30)
        try index.add(ids: [5], vectors: other.view)
        try index.commit()
        #expect(index.snapshot().count == 800)
        #expect(try index.snapshot().search(other.row(0), k: 1).first?.id == 5)
        #expect(try index.snapshot().search(vectors.row(5), k: 1).first?.id != 5)
        #expect(index.snapshot().state.bodies.reduce(0) { $0 + $1.count } == 800)
    }

    @Test("deletes one of several equal vectors, and all of them")
    func deletesTwins() throws {
        var vectors = TestVectors.random(100, dimension: 8, seed: 31)
        for row in 1..<4 { vectors.setRow(row, to: vectors.row(0)) }
        let index = try PartitionSamples.index(vectors)
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
        let index = try PartitionSamples.index(vectors)
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
        let index = try PartitionSamples.index(vectors[rows: 0..<1000].copy)
        let before = bytes(index.snapshot())
        try index.add(ids: (1000..<3000).map { $0 }, vectors: vectors.view.rows(1000..<3000))
        var steps: [IndexProgress.Step] = []
        #expect(throws: VectorIndexError.cancelled) {
            try index.commit { progress in
                steps.append(progress.step)
                return progress.step != .encoding
            }
        }
        #expect(steps.contains(.assigning) && steps.last == .encoding)
        #expect(index.snapshot().count == 1000)
        let isSame = bytes(index.snapshot()) == before
        #expect(isSame)
        try index.commit()
        #expect(index.snapshot().count == 3000)
    }

    @Test("makes clusters anew when it has outgrown them")
    func grows() throws {
        let vectors = GraphVectors.clustered(6000, dimension: 24, seed: 36)
        let queries = GraphVectors.clustered(100, dimension: 24, seed: 36, stream: 2)
        let index = try PartitionSamples.index(vectors[rows: 0..<600].copy, settings: .small)
        let before = index.snapshot().partitionCount
        for start in stride(from: 600, to: 6000, by: 300) {
            try index.add(
                ids: (start..<start + 300).map { UInt64($0) }, vectors: vectors.view.rows(start..<start + 300))
            try index.commit()
        }
        let snapshot = index.snapshot()
        #expect(snapshot.partitionCount > 2 * before && snapshot.count == 6000)
        let truth = try GraphVectors.exact(vectors, metric: .squaredL2).search(queries.view, k: 10)
        let found = try snapshot.searching(probes: 30).search(queries.view, k: 10)
        #expect(GraphVectors.recall(found, of: truth, metric: .squaredL2) >= 0.95)
        index.delete(ids: (100..<6000).map { UInt64($0) })
        try index.commit()
        #expect(index.snapshot().partitionCount <= before)
        #expect(try index.snapshot().ids() == (0..<100).map { $0 })
    }

    @Test("splits a partition that everything new goes into")
    func splits() throws {
        let vectors = GraphVectors.clustered(4000, dimension: 16, clusters: 8, seed: 37)
        let index = try PartitionSamples.index(vectors)
        let before = index.snapshot().partitionCount
        var generator = RandomGenerator(seed: 38)
        var more = Matrix<Float>(rows: 1500, columns: 16)
        for row in 0..<1500 { more.setRow(row, to: vectors.row(3).map { $0 + 0.3 * generator.normal() }) }
        try index.add(ids: (10_000..<11_500).map { $0 }, vectors: more.view)
        try index.commit()
        let snapshot = index.snapshot()
        #expect(snapshot.partitionCount > before)
        let mean = snapshot.count / snapshot.partitionCount
        #expect(snapshot.state.bodies.allSatisfy { $0.count <= max(256, 6 * mean) })
        let found = try snapshot.searching(probes: 16).search(more.view, k: 1)
        #expect(found.enumerated().count { $0.element.first?.id != UInt64(10_000 + $0.offset) } == 0)
    }

    @Test("keeps no memory of what many small commits replaced")
    func memory() throws {
        let vectors = GraphVectors.clustered(3000, dimension: 32, seed: 39)
        let index = try PartitionSamples.index(vectors)
        for round in 0..<40 {
            let ids = (0..<50).map { UInt64((round * 71 + $0 * 53) % 3000) }
            try index.add(ids: ids, vectors: Matrix(rowsOf: ids.map { vectors.row(Int($0)) }).view)
            try index.commit()
        }
        let state = index.snapshot().state
        var memories: [ObjectIdentifier: Int] = [:]
        for body in state.bodies {
            if let memory = body.owner as? PartitionMemory { memories[ObjectIdentifier(memory)] = memory.byteCount }
        }
        let used = state.bodies.reduce(0) { $0 + state.layout.size($1.count) }
        #expect(memories.values.reduce(0, +) <= 2 * used)
    }

    @Test("forgets changes that are rolled back")
    func rollback() throws {
        let vectors = TestVectors.random(50, dimension: 8, seed: 34)
        let index = try PartitionSamples.index(vectors)
        index.delete(ids: [1])
        try index.add(ids: [70], vectors: vectors.view.rows(0..<1))
        index.rollback()
        try index.commit()
        #expect(try index.snapshot().ids() == (0..<50).map { $0 })
    }

    @Test("takes additions from several threads at once")
    func concurrentAdds() async throws {
        let vectors = GraphVectors.clustered(4000, dimension: 16, seed: 35)
        let index = PartitionIndex(dimension: 16, metric: .squaredL2)
        await withTaskGroup(of: Void.self) { group in
            for part in 0..<8 {
                group.addTask {
                    let rows = part * 500..<part * 500 + 500
                    try? index.add(ids: rows.map { UInt64($0) }, vectors: vectors.view.rows(rows))
                    try? index.commit()
                }
            }
        }
        let found = try index.snapshot().searching(probes: 64).search(vectors.view, k: 1)
        #expect(found.enumerated().count { $0.element.first?.id != UInt64($0.offset) } == 0)
    }
}

extension MatrixView<Float> {
    fileprivate var copy: Matrix<Float> { Matrix(copying: self) }
}
