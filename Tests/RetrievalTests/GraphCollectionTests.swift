import Corpora
import Files
import Retrieval
import Synchronization
import Testing
import VectorIndex
import VectorMath

@Suite("A collection that asks for a recall")
struct GraphCollectionTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("c")
    }

    var indexPath: String { Asked.indexPath(path) }

    /// That a collection is searched by a structure that finds what an exact one with the same content finds.
    func expectRecall(
        _ collection: Collection, like exact: Collection, queries: Matrix<Float>, by structure: IndexStructure = .graph,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let info = try collection.info()
        #expect(info.structure == structure, sourceLocation: sourceLocation)
        #expect(try info.count == exact.info().count, sourceLocation: sourceLocation)
        let recall = try Asked.recall(of: collection, against: exact, queries: queries)
        #expect(recall >= Asked.recall - Asked.slack, sourceLocation: sourceLocation)
        #expect(try collection.verify().isEmpty, sourceLocation: sourceLocation)
    }

    @Test(
        "says how far its index is, step after step",
        arguments: [
            (IndexStructure.graph, [IndexProgress.Step.inserting, .refining, .calibrating]),
            (.partitions, [.clustering, .assigning, .encoding, .calibrating]), (.exact, []),
        ])
    func progress(structure: IndexStructure, steps: [IndexProgress.Step]) throws {
        let told = Mutex<[CollectionProgress]>([])
        _ = try Asked.collection(path, identity: Asked.identity(structure: structure)) { progress in
            told.withLock { $0.append(progress) }
        }
        let reports = told.withLock { $0 }
        #expect(reports.allSatisfy { 0 <= $0.done && $0.done <= $0.total })
        var order: [CollectionProgress.Step] = []
        for report in reports where !order.contains(report.step) { order.append(report.step) }
        #expect(order == steps.map { .indexing($0) })
    }

    @Test("finds by a graph what the exact one finds, and every hit says so")
    func recall() throws {
        let vectors = Made.vectors(Asked.count, seed: 1)
        let collection = try Asked.collection(path)
        let exact = try Made.collection(folder.file("exact"), count: Asked.count)
        try expectRecall(collection, like: exact, queries: vectors)
        try expectRecall(collection, like: exact, queries: Made.vectors(200, seed: 7))
        let info = try collection.info()
        guard case .approximate(let recall?) = info.guarantee else {
            Issue.record("it promises \(info.guarantee)")
            return
        }
        #expect(recall >= Asked.recall)
        #expect(info.identity.targetRecall == Asked.recall)
        #expect(info.jsonValue["target_recall"] == .number(Asked.recall))
        #expect(info.jsonValue["structure"] == "graph")
        #expect(info.jsonValue["guarantee"] == ["kind": "approximate", "recall": .number(recall)])
        #expect(
            info.bytesPerVector == GraphSettings().bytesPerVector(dimension: Made.dimension, metric: .cosine))
        let hits = try collection.search(vectors.row(77), k: 5)
        #expect(hits.allSatisfy { $0.guarantee == info.guarantee })
        let expected = try exact.search(vectors.row(77), k: 5)
        #expect(expected.allSatisfy { $0.guarantee == .exact })
        #expect(hits[0].passage == expected[0].passage)
        for (hit, other) in zip(hits, expected) { #expect(abs(hit.score - other.score) < 1.5e-3) }
    }

    @Test(
        "follows additions, replacements and deletions, and is the same when it is opened again",
        arguments: [IndexStructure.graph, .partitions])
    func changes(structure: IndexStructure) throws {
        let collection = try Asked.collection(path, identity: Asked.identity(structure: structure))
        let exact = try Made.collection(folder.file("exact"), count: Asked.count)
        let more = Made.vectors(300, seed: 2)
        for each in [collection, exact] {
            // Half of them are new, half replace what is there.
            try each.add(Made.passages(1350..<1650, edition: 1), vectors: more.view, space: Made.space)
            try each.delete(ids: (0..<200).map { "p\($0 * 3)" })
        }
        let queries = Made.vectors(200, seed: 8)
        try expectRecall(collection, like: exact, queries: queries, by: structure)
        try expectRecall(collection, like: exact, queries: more, by: structure)
        let found = try collection.search(queries.view, space: Made.space)
        try collection.close()
        let again = try Asked.open(path)
        #expect(again.notices.isEmpty)
        #expect(try again.search(queries.view, space: Made.space) == found)
        try expectRecall(again, like: exact, queries: queries, by: structure)
        // What was saved and read can be changed again.
        try again.delete(ids: ["p1"])
        try exact.delete(ids: ["p1"])
        try expectRecall(again, like: exact, queries: queries, by: structure)
    }

    @Test(
        "is searched from its file, which opening and searching leave as it is",
        arguments: [IndexStructure.graph, .partitions])
    func opening(structure: IndexStructure) throws {
        try Asked.collection(path, identity: Asked.identity(structure: structure)).close()
        #expect(try Asked.structure(inFileOf: path) == structure)
        let bytes = try readFile(indexPath)
        let collection = try Collection(path: path)
        _ = try collection.search(Made.vectors(1, seed: 3).row(0), k: 5)
        // The usual limit is far above, but nothing has changed that would ask for another index.
        #expect(try collection.info().structure == structure)
        try collection.close()
        #expect(try readFile(indexPath) == bytes)
    }

    @Test(
        "looks among the passages that a filter lets through", arguments: [2, 10, 100, 700],
        [IndexStructure.graph, .partitions])
    func filter(part: Int, structure: IndexStructure) throws {
        let collection = try Asked.collection(path, identity: Asked.identity(structure: structure))
        let exact = try Made.collection(folder.file("exact"), count: Asked.count)
        let isIncluded = { (passage: Passage) in (Int(passage.id.dropFirst()) ?? 1) % part == 0 }
        let queries = Made.vectors(100, seed: 9)
        let all = try collection.search(queries.view, space: Made.space, where: isIncluded)
        let allExpected = try exact.search(queries.view, space: Made.space, where: isIncluded)
        var (hits, count) = (0, 0)
        for (found, expected) in zip(all, allExpected) {
            #expect(found.allSatisfy { isIncluded($0.passage) })
            #expect(found.count == expected.count)
            hits += Set(found.map(\.passage.id)).intersection(expected.map(\.passage.id)).count
            count += expected.count
        }
        #expect(Double(hits) >= (Asked.recall - Asked.slack) * Double(count))
        #expect(try collection.search([Float](repeating: 1, count: 12), space: Made.space) { _ in false }.isEmpty)
    }

    @Test("has the same file for any number of threads")
    func threads() throws {
        var files: [[UInt8]] = []
        for (name, width) in [("one", 1), ("three", 3)] {
            try ThreadPool.withWidth(width) { try Asked.collection(folder.file(name)).close() }
            let snapshot = try GraphSnapshot(path: Asked.indexPath(folder.file(name)))
            // The tag names the database's state, of which no two have the same.
            try snapshot.write(to: folder.file("file"), tag: [])
            files.append(try readFile(folder.file("file")))
        }
        #expect(files[0] == files[1])
    }

    @Test("shows the changes of another handle in the next search")
    func severalHandles() throws {
        let reader = try Asked.collection(path)
        let writer = try Asked.open(path)
        let more = Made.vectors(5, seed: 2)
        try writer.add(Made.passages(2000..<2005), vectors: more.view, space: Made.space)
        try writer.delete(ids: ["p1"])
        #expect(try reader.search(more.row(2), k: 1)[0].passage == Made.passage(2002))
        #expect(reader.count == Asked.count + 4)
        try writer.close()
        try reader.delete(ids: ["p2002"])
        #expect(try reader.search(more.row(2), k: 60).allSatisfy { $0.passage.id != "p2002" })
        try reader.close()
        #expect(try Asked.open(path).info().structure == .graph)
    }

    @Test("takes up what another handle has written instead of doing its work again")
    func takesUpFile() throws {
        let reader = try Asked.collection(path, count: Asked.limit)
        let follower = try Asked.open(path)
        // The follower has changes in memory by then; the reader has none.
        try follower.add(Made.passages(1900..<1910), vectors: Made.vectors(10, seed: 40).view, space: Made.space)
        #expect(try follower.info().structure == .graph)
        try follower.delete(ids: (1900..<1910).map { "p\($0)" } + (0..<700).map { "p\($0)" })
        #expect(try follower.info().structure == .exact)
        let writer = try Asked.open(path)
        // A graph that was built, and then changed: no two ways lead to the same bytes.
        try writer.add(Made.passages(2000..<2800), vectors: Made.vectors(800, seed: 41).view, space: Made.space)
        try writer.add(Made.passages(2800..<2900), vectors: Made.vectors(100, seed: 42).view, space: Made.space)
        try writer.close()
        let bytes = try readFile(indexPath)
        for handle in [reader, follower] {
            #expect(try handle.search(Made.vectors(100, seed: 42).row(9), k: 1)[0].passage.id == "p2809")
            #expect(try handle.info().structure == .graph)
            #expect(handle.count == Asked.limit + 200)
            try handle.close()
            #expect(try readFile(indexPath) == bytes)
        }
    }

    @Test("is safe for threads that search, add and delete")
    func threadsThatChange() throws {
        let collection = try Asked.collection(path)
        let vectors = Made.vectors(24, seed: 3)
        try ThreadPool.withWidth(4) {
            try parallelFor(24, grain: 1) { block in
                let number = 2000 + block.lowerBound
                let vector = vectors.view.rows(block)
                try collection.add([Made.passage(number)], vectors: vector, space: Made.space)
                let hits = try collection.search(vector.row(0), k: 5)
                if hits.count != 5 || hits[0].passage.id != "p\(number)" { throw RetrievalError.noPassages }
                if number % 2 == 0 { try collection.delete(ids: ["p\(number)"]) }
            }
        }
        #expect(collection.count == Asked.count + 12)
        #expect(try collection.info().structure == .graph)
        #expect(try collection.verify().isEmpty)
    }

    // MARK: Which structure

    @Test("becomes a graph when it grows past the limit, and exact again when it is half of that")
    func limits() throws {
        let collection = try Asked.collection(path, count: Asked.limit)
        #expect(try collection.info().structure == .exact)
        #expect(try collection.info().guarantee == .exact)
        let vector = Made.vectors(1, seed: 5)
        try collection.add([Made.passage(5000)], vectors: vector.view, space: Made.space)
        #expect(try collection.info().structure == .graph)
        #expect(try collection.search(vector.row(0), k: 1)[0].passage == Made.passage(5000))
        try collection.delete(ids: (0..<600).map { "p\($0)" })
        #expect(try collection.info().count == 601)
        #expect(try collection.info().structure == .graph)
        try collection.delete(ids: ["p600"])
        #expect(try collection.info().structure == .exact)
        #expect(try collection.search(vector.row(0), k: 1)[0].passage == Made.passage(5000))
        try collection.close()
        #expect(try Asked.structure(inFileOf: path) == .exact)
        #expect(try Asked.open(path).verify().isEmpty)
    }

    @Test("is measured anew when it has doubled, however small its changes")
    func outgrown() throws {
        let collection = try Asked.collection(path)
        for round in 0..<9 {
            let first = 2000 + 200 * round
            try collection.add(
                Made.passages(first..<first + 200), vectors: Made.vectors(200, seed: 20 + UInt64(round)).view,
                space: Made.space)
        }
        try collection.close()
        let snapshot = try GraphSnapshot(path: indexPath)
        #expect(snapshot.count == 3300)
        #expect(try #require(snapshot.calibration).vectorCount > 2000)
        #expect(!snapshot.isOutgrown)
    }

    @Test("stays exact where a graph does not reach the recall, until there are twice as many vectors")
    func fallsShort() throws {
        // Clusters within which half precision tells no two vectors apart.
        let middles = Made.vectors(10, seed: 30)
        let noise = Made.vectors(Asked.count, seed: 31)
        var vectors = Matrix<Float>(rows: Asked.count, columns: Made.dimension)
        for row in 0..<Asked.count {
            vectors.setRow(row, to: zip(middles.row(row % 10), noise.row(row)).map { $0 + 5e-4 * $1 })
        }
        let collection = try Collection.create(
            at: path, identity: Asked.identity(), passages: Made.passages(0..<Asked.count), vectors: vectors.view,
            choice: Asked.choice)
        #expect(try collection.info().structure == .exact)
        #expect(try collection.info().guarantee == .exact)
        try collection.close()
        let bytes = try readFile(indexPath)
        let again = try Asked.open(path)
        #expect(again.notices.isEmpty)
        #expect(try readFile(indexPath) == bytes)
        try again.add(Made.passages(3000..<4400), vectors: Made.vectors(1400, seed: 32).view, space: Made.space)
        #expect(try again.info().structure == .exact)
        try again.close()
        let last = try Asked.open(path)
        try last.delete(ids: (0..<Asked.count).map { "p\($0)" })
        try last.add(Made.passages(5000..<6600), vectors: Made.vectors(1600, seed: 33).view, space: Made.space)
        #expect(try last.info().count == 2 * Asked.count)
        #expect(try last.info().structure == .graph)
        #expect(try last.verify().isEmpty)
    }

    @Test("is what the caller sets by hand, whatever its size")
    func byHand() throws {
        let few = try Asked.collection(path, count: 40, identity: Asked.identity(recall: nil, structure: .graph))
        #expect(try few.info().structure == .graph)
        #expect(try few.info().guarantee == .approximate(recall: nil))
        #expect(try few.search(Made.vectors(40, seed: 1).row(13), k: 1)[0].passage == Made.passage(13))
        try few.delete(ids: ["p0"])
        #expect(try few.info().structure == .graph)
        #expect(try few.verify().isEmpty)
        let many = try Asked.collection(folder.file("many"), identity: Asked.identity(structure: .exact))
        #expect(try many.info().structure == .exact)
    }

    @Test("refuses a recall that there cannot be", arguments: [0, 1, -0.5, 1.5, .nan, .infinity])
    func wrongRecall(recall: Double) throws {
        let error = #expect(throws: RetrievalError.self) {
            try Asked.collection(path, count: 5, identity: Asked.identity(recall: recall))
        }
        #expect(error?.description == "a recall of \(recall) was asked for; it must be above 0 and below 1")
        #expect(!FileSystem.exists(path))
        #expect(throws: RetrievalError.self) {
            try SQLiteStore(creating: folder.file("store"), identity: Asked.identity(recall: recall))
        }
        #expect(!FileSystem.exists(folder.file("store")))
    }
}
