import Files
import Testing
import VectorIndex
import VectorMath

@Suite("The exact index's writer")
struct ExactIndexTests {
    @Test("shows changes to snapshots that are taken after the commit, and to no others")
    func snapshots() throws {
        let vectors = TestVectors.random(30, dimension: 6, seed: 1)
        let index = ExactIndex(dimension: 6, metric: .innerProduct)
        try index.add(ids: Array(0..<30), vectors: vectors.view)
        let before = index.snapshot()
        #expect(before.count == 0)
        try index.commit()
        let full = index.snapshot()
        #expect(full.count == 30)
        #expect(try index.delete(ids: [3, 4, 99]) == 2)
        #expect(index.snapshot().count == 30)
        try index.commit()
        #expect(index.snapshot().count == 28)
        #expect(try index.snapshot().contains(3) == false)
        #expect(before.count == 0)
        #expect(full.count == 30)
        #expect(try full.vector(of: 3) == vectors.row(3))
    }

    @Test("replaces the vector of an id that is there")
    func replaces() throws {
        let index = ExactIndex(dimension: 2, metric: .squaredL2)
        try index.add(ids: [7, 8], vectors: Matrix<Float>(rowsOf: [[0, 0], [1, 0]]).view)
        try index.commit()
        try index.add(ids: [7], vectors: Matrix<Float>(rowsOf: [[5, 5]]).view)
        try index.commit()
        #expect(index.snapshot().count == 2)
        #expect(
            try index.snapshot().search([5, 5], k: 5) == [Neighbour(id: 7, score: 0), Neighbour(id: 8, score: 41)])
    }

    @Test("keeps the later of two rows with one id in a call")
    func repeatedID() throws {
        let index = ExactIndex(dimension: 1, metric: .innerProduct)
        try index.add(ids: [1, 1, 2], vectors: Matrix<Float>(rowsOf: [[1], [2], [3]]).view)
        try index.commit()
        #expect(try index.snapshot().vector(of: 1) == [2])
        #expect(index.snapshot().count == 2)
    }

    @Test("lets the last of add and delete win within a commit")
    func lastWins() throws {
        let index = ExactIndex(dimension: 1, metric: .innerProduct)
        let one = Matrix<Float>(rowsOf: [[1]])
        try index.add(ids: [1], vectors: one.view)
        #expect(try index.delete(ids: [1]) == 1)
        #expect(try index.delete(ids: [1]) == 0)
        try index.commit()
        #expect(index.snapshot().count == 0)
        try index.add(ids: [1], vectors: one.view)
        try index.commit()
        #expect(try index.delete(ids: [1, 1]) == 1)
        try index.add(ids: [1], vectors: one.view)
        try index.commit()
        #expect(index.snapshot().count == 1)
    }

    @Test("forgets uncommitted changes on a rollback")
    func rollback() throws {
        let index = ExactIndex(dimension: 1, metric: .innerProduct)
        try index.add(ids: [1], vectors: Matrix<Float>(rowsOf: [[1]]).view)
        index.rollback()
        try index.commit()
        #expect(index.snapshot().count == 0)
    }

    @Test("equals a dictionary after any mixture of changes", arguments: 0..<6, [false, true])
    func equalsModel(seed: UInt64, inFile: Bool) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.index")
        let metric = Metric.allCases[Int(seed) % 3]
        var index =
            inFile
            ? try ExactIndex(creating: path, dimension: 5, metric: metric) : ExactIndex(dimension: 5, metric: metric)
        var model = ReferenceIndex(metric: metric)
        var generator = RandomGenerator(seed: seed)
        for round in 0..<40 {
            for _ in 0..<generator.below(4) {
                let ids = (0..<generator.below(20)).map { _ in UInt64(generator.below(120)) }
                if generator.below(3) == 0 {
                    let present = Set(ids).filter { model.vectors[$0] != nil }
                    #expect(try index.delete(ids: ids) == present.count)
                    for id in ids { model.vectors[id] = nil }
                } else {
                    let vectors = TestVectors.random(ids.count, dimension: 5, seed: generator.next())
                    try index.add(ids: ids, vectors: vectors.view)
                    for (row, id) in ids.enumerated() { model.vectors[id] = vectors.row(row) }
                }
            }
            try index.commit()
            if inFile, round % 10 == 9 {
                // The lock goes with its owner.
                index = ExactIndex(dimension: 1, metric: .cosine)
                index = try ExactIndex(path: path)
            }
            let snapshot = index.snapshot()
            #expect(snapshot.count == model.vectors.count)
            #expect(try snapshot.ids() == model.vectors.keys.sorted())
            let query = TestVectors.random(1, dimension: 5, seed: generator.next()).row(0)
            let found = try snapshot.search(query, k: 7)
            #expect(found.map(\.id) == model.search(query, k: 7).map(\.id))
        }
        try index.snapshot().verify()
    }

    @Test("is safe for readers and writers at once")
    func concurrent() throws {
        let index = ExactIndex(dimension: 8, metric: .cosine)
        let vectors = TestVectors.random(400, dimension: 8, seed: 20)
        try ThreadPool.withWidth(4) {
            try parallelFor(40, grain: 1) { block in
                let rows = block.lowerBound * 10..<block.lowerBound * 10 + 10
                try index.add(ids: rows.map(UInt64.init), vectors: vectors.view.rows(rows))
                try index.commit()
                let snapshot = index.snapshot()
                let found = try snapshot.search(vectors.row(rows.lowerBound), k: 400)
                if found.count != snapshot.count {
                    throw VectorIndexError.countMismatch(ids: found.count, vectors: snapshot.count)
                }
            }
        }
        #expect(index.snapshot().count == 400)
        #expect(try index.snapshot().ids() == Array(0..<400))
    }

    // MARK: Files

    @Test("lets one writer at a time open a file")
    func lock() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.index")
        var first: ExactIndex? = try ExactIndex(creating: path, dimension: 2, metric: .cosine)
        #expect(throws: VectorIndexError.file(.locked(path: path + ".lock"))) { try ExactIndex(path: path) }
        #expect(throws: VectorIndexError.file(.locked(path: path + ".lock"))) {
            try ExactIndex(creating: path, dimension: 2, metric: .cosine, force: true)
        }
        #expect(try ExactSnapshot(path: path).count == 0)
        #expect(first?.path == path)
        first = nil
        _ = try ExactIndex(path: path)
    }

    @Test("does not replace a file unless asked to")
    func force() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.index")
        _ = try ExactIndex(creating: path, dimension: 2, metric: .cosine)
        #expect(throws: VectorIndexError.file(.alreadyExists(path: path))) {
            try ExactIndex(creating: path, dimension: 3, metric: .cosine)
        }
        _ = try ExactIndex(creating: path, dimension: 3, metric: .cosine, force: true)
        #expect(try ExactSnapshot(path: path).dimension == 3)
    }

    @Test("leaves no lock where there is no index to open")
    func noLockLeft() throws {
        let folder = try TemporaryFolder()
        #expect(throws: VectorIndexError.self) { try ExactIndex(path: folder.file("none")) }
        #expect(try FileSystem.names(in: folder.path).isEmpty)
    }

    @Test("keeps changes for another commit when the file cannot be written")
    func failedCommit() throws {
        let folder = try TemporaryFolder()
        let home = folder.file("home")
        try FileSystem.makeDirectory(home)
        let path = FileSystem.joined(home, "a.index")
        let index = try ExactIndex(creating: path, dimension: 1, metric: .innerProduct)
        try index.add(ids: [1], vectors: Matrix<Float>(rowsOf: [[1]]).view)
        try FileSystem.remove(home)
        #expect(throws: VectorIndexError.self) { try index.commit() }
        #expect(index.snapshot().count == 0)
        try FileSystem.makeDirectory(home)
        try index.commit()
        #expect(index.snapshot().count == 1)
        #expect(try ExactSnapshot(path: path).count == 1)
    }

    @Test("keeps an old snapshot readable after the file was replaced")
    func oldSnapshot() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.index")
        let vectors = TestVectors.random(500, dimension: 40, seed: 30)
        let index = try ExactIndex(creating: path, dimension: 40, metric: .innerProduct)
        try index.add(ids: Array(0..<500), vectors: vectors.view)
        try index.commit()
        let old = index.snapshot()
        let expected = try old.search(vectors.row(0), k: 5)
        try index.delete(ids: 0..<500 as Range<UInt64>)
        try index.commit(tag: [1, 2])
        #expect(index.snapshot().count == 0)
        #expect(index.snapshot().tag == [1, 2])
        #expect(try old.search(vectors.row(0), k: 5) == expected)
        try old.verify()
    }
}
