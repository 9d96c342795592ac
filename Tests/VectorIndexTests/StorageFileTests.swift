import Files
import TestSupport
import Testing
import VectorMath

@testable import VectorIndex

@Suite("Index files with vectors in fewer bits")
struct StorageFileTests {
    static let narrow = StorageTests.narrow

    /// An index of 40 vectors in one page.
    static func small(
        _ storage: VectorStorage, metric: Metric = .squaredL2, codes: CodePolicy = .always
    ) throws -> ExactSnapshot {
        let vectors = TestVectors.random(40, dimension: 5, seed: 1)
        let ids = TestVectors.ids(40, seed: 2)
        return try TestVectors.index(vectors, ids: ids, metric: metric, storage: storage, codes: codes)
    }

    @Test("are read as they were written", arguments: narrow, [1, 31, 33, 3000])
    func roundTrip(storage: VectorStorage, count: Int) throws {
        for metric in Metric.allCases {
            for codes in [CodePolicy.always, .never] {
                let folder = try TemporaryFolder()
                let vectors = TestVectors.clustered(count, dimension: 71, seed: 3)
                let ids = TestVectors.ids(count, seed: 4)
                let snapshot = try TestVectors.index(vectors, ids: ids, metric: metric, storage: storage, codes: codes)
                try snapshot.write(to: folder.file("a"), tag: Array("what it is".utf8))
                let read = try ExactSnapshot(path: folder.file("a"))
                #expect(read.storage == storage && read.metric == metric && read.tag == Array("what it is".utf8))
                #expect(read.guarantee == snapshot.guarantee)
                #expect(read.bytesPerVector == snapshot.bytesPerVector)
                for id in ids.prefix(50) { #expect(try read.vector(of: id) == snapshot.vector(of: id)) }
                let queries = TestVectors.clustered(10, dimension: 71, seed: 5)
                #expect(try read.search(queries.view, k: 20) == snapshot.fullScan.search(queries.view, k: 20))
                try read.verify()
                #expect(try ExactIndex(path: folder.file("a")).storage == storage)
            }
        }
    }

    @Test("are the same bytes for the same content, however it came about", arguments: narrow)
    func canonical(storage: VectorStorage) throws {
        let folder = try TemporaryFolder()
        let vectors = TestVectors.clustered(3000, dimension: 40, seed: 6)
        let ids = TestVectors.ids(3000, seed: 7)
        var files: [[UInt8]] = []
        for width in [1, 3] {
            try ThreadPool.withWidth(width) {
                try TestVectors.index(vectors, ids: ids, metric: .cosine, storage: storage, codes: .always)
                    .write(to: folder.file("\(width)"))
                files.append(try readFile(folder.file("\(width)")))
            }
        }
        let index = try ExactIndex(
            creating: folder.file("b"), dimension: 40, metric: .cosine, storage: storage, codes: .always)
        for start in stride(from: 0, to: 3000, by: 750) {
            try index.add(ids: Array(ids[start..<start + 750]), vectors: vectors[rows: start..<start + 750])
            try index.commit()
        }
        files.append(try readFile(folder.file("b")))
        for file in files { #expect(file == files[0]) }
        #expect(files[0][8] == 3)
    }

    @Test("of format 3 are still read", arguments: narrow, Metric.allCases)
    func golden(storage: VectorStorage, metric: Metric) throws {
        let name = GoldenIndex.name(metric, storage: storage)
        let snapshot = try ExactSnapshot(path: SharedData.fixtures + "/index/" + name)
        try snapshot.verify()
        #expect(snapshot.metric == metric && snapshot.storage == storage && snapshot.tag == GoldenIndex.tag)
        #expect(snapshot.guarantee == .bounded(missRate: CodeBound.missRate))
        let expected = try GoldenIndex.coded(metric, storage: storage)
        #expect(try snapshot.ids() == GoldenIndex.codedIDs.sorted())
        for id in GoldenIndex.codedIDs { #expect(try snapshot.vector(of: id) == expected.vector(of: id)) }
        #expect(try snapshot.search(GoldenIndex.query, k: 7) == expected.fullScan.search(GoldenIndex.query, k: 7))
    }

    @Test("of format 3 are still written, byte for byte", arguments: narrow, Metric.allCases)
    func writesGolden(storage: VectorStorage, metric: Metric) throws {
        let folder = try TemporaryFolder()
        try GoldenIndex.coded(metric, storage: storage).write(to: folder.file("a"), tag: GoldenIndex.tag)
        let name = "/index/" + GoldenIndex.name(metric, storage: storage)
        #expect(try readFile(folder.file("a")) == readFile(SharedData.fixtures + name))
    }

    // MARK: Damage

    @Test("are found out for every single flipped byte of a small file", arguments: narrow)
    func everyByte(storage: VectorStorage) throws {
        for codes in [CodePolicy.always, .never] {
            let folder = try TemporaryFolder()
            try Self.small(storage, codes: codes).write(to: folder.file("small"), tag: [1, 2, 3])
            let bytes = try readFile(folder.file("small"))
            #expect(DamagedFiles.searchError(folder.file("small")) == nil)
            #expect(DamagedFiles.verifyError(folder.file("small")) == nil)
            for place in bytes.indices {
                var damaged = bytes
                damaged[place] ^= 1 << UInt8(place % 8)
                let path = folder.file("flipped")
                try overwrite(path, damaged)
                #expect(DamagedFiles.searchError(path) != nil, "byte \(place)")
                #expect(DamagedFiles.verifyError(path) != nil, "byte \(place)")
            }
        }
    }

    @Test("never answer otherwise where a byte of a large file is flipped, and fail verification", arguments: narrow)
    func largeFiles(storage: VectorStorage) throws {
        let folder = try TemporaryFolder()
        let vectors = TestVectors.clustered(5000, dimension: 130, seed: 8)
        let sound = try TestVectors.index(
            vectors, ids: TestVectors.ids(5000, seed: 9), metric: .cosine, storage: storage, codes: .always)
        try sound.write(to: folder.file("large"))
        let bytes = try readFile(folder.file("large"))
        let queries = TestVectors.clustered(2, dimension: 130, seed: 10)
        let expected = try sound.fullScan.search(queries.view, k: 5)
        var generator = RandomGenerator(seed: 11)
        for _ in 0..<60 {
            var damaged = bytes
            let place = generator.below(bytes.count)
            damaged[place] ^= 1 << UInt8(generator.below(8))
            try overwrite(folder.file("flipped"), damaged)
            #expect(DamagedFiles.verifyError(folder.file("flipped")) != nil, "byte \(place)")
            if let found = try? ExactSnapshot(path: folder.file("flipped")).search(queries.view, k: 5) {
                #expect(found == expected, "byte \(place)")
            }
        }
    }

    @Test("are found out at every length that they may be cut to, and with bytes appended", arguments: narrow)
    func everyLength(storage: VectorStorage) throws {
        let folder = try TemporaryFolder()
        try Self.small(storage, metric: .cosine).write(to: folder.file("small"))
        let bytes = try readFile(folder.file("small"))
        for length in 0..<bytes.count {
            try overwrite(folder.file("cut"), Array(bytes[..<length]))
            #expect(DamagedFiles.searchError(folder.file("cut")) != nil, "cut to \(length) bytes")
        }
        try overwrite(folder.file("cut"), bytes + [0])
        #expect(DamagedFiles.searchError(folder.file("cut")) != nil)
    }

    // MARK: Files made to harm, with sound checksums

    struct Forgery: CustomTestStringConvertible {
        var offset: Int
        var value: [UInt8]
        var testDescription: String { "\(value) at \(offset)" }
    }

    static let forgeries = [
        Forgery(offset: 8, value: [1]), Forgery(offset: 8, value: [2]), Forgery(offset: 8, value: [0]),  // format
        Forgery(offset: 40, value: [0]), Forgery(offset: 40, value: [2]),  // codes
        Forgery(offset: 44, value: [0]), Forgery(offset: 44, value: [3]), Forgery(offset: 47, value: [1]),  // storage
        Forgery(offset: 44, value: [1]), Forgery(offset: 44, value: [2]), Forgery(offset: 48, value: [1]),
        Forgery(offset: 16, value: [0, 0, 1, 0]),  // dimension
        Forgery(offset: 24, value: [255, 255, 255, 255, 255, 255, 255, 127]),  // count
    ]

    @Test("are refused where a forged header promises what is not there", arguments: forgeries, narrow)
    func forgedHeader(forgery: Forgery, storage: VectorStorage) throws {
        let folder = try TemporaryFolder()
        try Self.small(storage).write(to: folder.file("a"))
        var bytes = try readFile(folder.file("a"))
        let sound = bytes
        bytes.replaceSubrange(forgery.offset..<forgery.offset + forgery.value.count, with: forgery.value)
        guard bytes != sound else { return }
        DamagedFiles.sealHeader(&bytes)
        try overwrite(folder.file("a"), bytes)
        let error = try #require(DamagedFiles.searchError(folder.file("a")))
        switch error {
        case .damaged, .wrongSize, .unsupportedVersion: break
        default: Issue.record("\(error)")
        }
    }

    @Test(
        "with a step or a lowest value that is no number crash no search and fail verification", arguments: [0, 4],
        [Float.nan, .infinity, -.infinity, 1e30])
    func forgedFactors(offset: Int, value: Float) throws {
        for metric in Metric.allCases {
            let folder = try TemporaryFolder()
            let path = folder.file("a")
            try Self.small(.int8, metric: metric, codes: .never).write(to: path)
            var bytes = try readFile(path)
            let layout = try IndexFileLayout(reading: bytes.withUnsafeBytes { UnsafeRawBufferPointer($0) }, path: path)
            let place = layout.vectorsOffset + 8 + offset
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.replaceSubrange(place..<place + 4, with: $0) }
            DamagedFiles.sealPages(&bytes, pagesOffset: layout.pagesOffset)
            try overwrite(path, bytes)
            #expect(DamagedFiles.searchError(path) == nil)
            let id = try ExactSnapshot(path: path).ids()[0]
            #expect(
                DamagedFiles.verifyError(path)
                    == .damaged(path: path, reason: "the vector of id \(id) is none that an index keeps"))
        }
    }

    @Test("fail verification when their codes are those of other vectors", arguments: narrow)
    func forgedCodes(storage: VectorStorage) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a")
        try Self.small(storage, metric: .cosine).write(to: path)
        var bytes = try readFile(path)
        let layout = try IndexFileLayout(reading: bytes.withUnsafeBytes { UnsafeRawBufferPointer($0) }, path: path)
        bytes[layout.blocksOffset] ^= 1
        DamagedFiles.sealPages(&bytes, pagesOffset: layout.pagesOffset)
        try overwrite(path, bytes)
        #expect(
            DamagedFiles.verifyError(path)
                == .damaged(path: path, reason: "the codes of rows from 0 on are not those of their vectors"))
    }

    private func overwrite(_ path: String, _ bytes: [UInt8]) throws {
        try FileSystem.remove(path)
        try writeWithoutCare(bytes, to: path)
    }
}
