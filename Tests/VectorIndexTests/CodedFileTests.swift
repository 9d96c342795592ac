import Files
import TestSupport
import Testing
import VectorMath

@testable import VectorIndex

@Suite("Index files with codes")
struct CodedFileTests {
    /// An index of 40 vectors in one page.
    static func small(metric: Metric = .innerProduct) throws -> ExactSnapshot {
        let vectors = TestVectors.random(40, dimension: 4, seed: 1)
        return try TestVectors.index(vectors, ids: TestVectors.ids(40, seed: 2), metric: metric, codes: .always)
    }

    /// An index of 5000 vectors in dozens of pages, some of them of codes alone.
    static func large(metric: Metric = .squaredL2) throws -> ExactSnapshot {
        let vectors = TestVectors.clustered(5000, dimension: 130, seed: 3)
        return try TestVectors.index(vectors, ids: TestVectors.ids(5000, seed: 4), metric: metric, codes: .always)
    }

    @Test("are read as they were written", arguments: Metric.allCases, [1, 31, 32, 33, 3000])
    func roundTrip(metric: Metric, count: Int) throws {
        let folder = try TemporaryFolder()
        let vectors = TestVectors.clustered(count, dimension: 70, seed: 5)
        let ids = TestVectors.ids(count, seed: 6)
        let snapshot = try TestVectors.index(vectors, ids: ids, metric: metric, codes: .always)
        try snapshot.write(to: folder.file("a"), tag: Array("what it is".utf8))
        let read = try ExactSnapshot(path: folder.file("a"))
        #expect(read.guarantee == .bounded(missRate: CodeBound.missRate))
        #expect(read.tag == Array("what it is".utf8))
        let (written, found) = (try #require(snapshot.segments[0].codes), try #require(read.segments[0].codes))
        #expect(written.encoding == found.encoding)
        #expect(written.blocks.elements() == found.blocks.elements())
        let queries = TestVectors.clustered(10, dimension: 70, seed: 7)
        #expect(try read.search(queries.view, k: 20) == snapshot.fullScan.search(queries.view, k: 20))
        try read.verify()
    }

    @Test("are the same bytes for the same content, however it came about and on any number of threads")
    func canonical() throws {
        let folder = try TemporaryFolder()
        let vectors = TestVectors.clustered(5000, dimension: 40, seed: 8)
        let ids = TestVectors.ids(5000, seed: 9)
        var files: [[UInt8]] = []
        for width in [1, 2, 5] {
            try ThreadPool.withWidth(width) {
                let path = folder.file("\(width)")
                try TestVectors.index(vectors, ids: ids, metric: .cosine, codes: .always).write(to: path)
                files.append(try readFile(path))
            }
        }
        let index = try ExactIndex(creating: folder.file("b"), dimension: 40, metric: .cosine, codes: .always)
        for start in stride(from: 0, to: 5000, by: 1250) {
            let rows = start..<start + 1250
            let part = Matrix<Float>(rowsOf: rows.map { vectors.row($0) } + [vectors.row(0)])
            try index.add(ids: Array(ids[rows]) + [1], vectors: part.view)
            try index.commit()
        }
        try index.delete(ids: [1])
        try index.commit()
        files.append(try readFile(folder.file("b")))
        for file in files { #expect(file == files[0]) }
    }

    @Test("are in the earlier format where they have no codes")
    func withoutCodes() throws {
        let folder = try TemporaryFolder()
        let vectors = TestVectors.random(50, dimension: 40, seed: 10)
        let index = try ExactIndex(creating: folder.file("a"), dimension: 40, metric: .cosine, codes: .never)
        try index.add(ids: Array(0..<50), vectors: vectors.view)
        try index.commit()
        #expect(try readFile(folder.file("a"))[8] == 1)
        #expect(try ExactSnapshot(path: folder.file("a")).guarantee == .exact)
    }

    @Test("of format 2 are still read", arguments: Metric.allCases)
    func golden(metric: Metric) throws {
        let snapshot = try ExactSnapshot(path: SharedData.fixtures + "/index/format2-\(metric.rawValue).index")
        try snapshot.verify()
        #expect(snapshot.metric == metric && snapshot.tag == GoldenIndex.tag)
        #expect(snapshot.guarantee == .bounded(missRate: CodeBound.missRate))
        #expect(try snapshot.ids() == GoldenIndex.codedIDs.sorted())
        let expected = try GoldenIndex.coded(metric)
        #expect(
            try snapshot.search(GoldenIndex.query, k: 7) == expected.fullScan.search(GoldenIndex.query, k: 7))
    }

    @Test("of format 2 are still written, byte for byte", arguments: Metric.allCases)
    func writesGolden(metric: Metric) throws {
        let folder = try TemporaryFolder()
        try GoldenIndex.coded(metric).write(to: folder.file("a"), tag: GoldenIndex.tag)
        let name = "/index/format2-\(metric.rawValue).index"
        #expect(try readFile(folder.file("a")) == readFile(SharedData.fixtures + name))
    }

    // MARK: Damage

    @Test("are found out for every single flipped bit of a small file's header, codes and table")
    func everyBit() throws {
        let folder = try TemporaryFolder()
        try Self.small().write(to: folder.file("small"), tag: [1, 2, 3])
        let bytes = try readFile(folder.file("small"))
        #expect(DamagedFiles.searchError(folder.file("small")) == nil)
        #expect(DamagedFiles.verifyError(folder.file("small")) == nil)
        let layout = try IndexFileLayout(
            reading: bytes.withUnsafeBytes { UnsafeRawBufferPointer($0) }, path: folder.file("small"))
        let header = 0..<8 * PagedFile.headerSize
        for bit in Array(header) + Array(8 * layout.encodingOffset..<8 * bytes.count) {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << (bit % 8)
            let path = folder.file("flipped")
            try overwrite(path, damaged)
            #expect(DamagedFiles.searchError(path) != nil, "bit \(bit % 8) of byte \(bit / 8)")
            #expect(DamagedFiles.verifyError(path) != nil, "bit \(bit % 8) of byte \(bit / 8)")
        }
    }

    @Test("never answer otherwise where a bit is flipped among the codes, and fail verification")
    func flippedCodes() throws {
        let folder = try TemporaryFolder()
        try Self.large().write(to: folder.file("large"))
        let bytes = try readFile(folder.file("large"))
        let layout = try IndexFileLayout(
            reading: bytes.withUnsafeBytes { UnsafeRawBufferPointer($0) }, path: folder.file("large"))
        try #require(layout.pagesOffset - layout.blocksOffset > 2 * 65536)
        let queries = TestVectors.clustered(2, dimension: 130, seed: 11)
        let expected = try Self.large().fullScan.search(queries.view, k: 5)
        var generator = RandomGenerator(seed: 12)
        let span = layout.pagesOffset - layout.encodingOffset
        var places: [Int] = [layout.encodingOffset, layout.blocksOffset, layout.pagesOffset - 1]
        for _ in 0..<60 { places.append(layout.encodingOffset + generator.below(span)) }
        var refused = 0
        for place in places {
            var damaged = bytes
            damaged[place] ^= 1 << UInt8(generator.below(8))
            let path = folder.file("flipped")
            try overwrite(path, damaged)
            #expect(DamagedFiles.verifyError(path) != nil, "byte \(place)")
            do {
                let found = try ExactSnapshot(path: path).search(queries.view, k: 5)
                #expect(found == expected, "byte \(place)")
            } catch {
                refused += 1
            }
        }
        #expect(refused == places.count)
    }

    @Test("are found out at every length that they may be cut to")
    func everyLength() throws {
        let folder = try TemporaryFolder()
        try Self.small(metric: .cosine).write(to: folder.file("small"))
        let bytes = try readFile(folder.file("small"))
        for length in 0..<bytes.count {
            try overwrite(folder.file("cut"), Array(bytes[..<length]))
            #expect(DamagedFiles.searchError(folder.file("cut")) != nil, "cut to \(length) bytes")
        }
    }

    @Test("answer from their vectors while only codes are damaged")
    func firstTouch() throws {
        let folder = try TemporaryFolder()
        let sound = try Self.large()
        try sound.write(to: folder.file("a"))
        var bytes = try readFile(folder.file("a"))
        bytes[bytes.count - 70_000] ^= 1
        try overwrite(folder.file("a"), bytes)
        let damaged = try ExactSnapshot(path: folder.file("a"))
        let query = TestVectors.clustered(1, dimension: 130, seed: 13).row(0)
        #expect(throws: VectorIndexError.self) { try damaged.search(query, k: 3) }
        #expect(throws: VectorIndexError.self) { try damaged.search(query, within: 50) }
        #expect(try damaged.fullScan.search(query, k: 3) == sound.fullScan.search(query, k: 3))
    }

    // MARK: Files made to harm, with sound checksums

    struct Forgery: CustomTestStringConvertible {
        var testDescription: String
        /// From the start of what says how codes are made.
        var offset: Int
        var value: [UInt8]
    }

    static let forgeries = [
        Forgery(testDescription: "a scale of 0", offset: 0, value: [0, 0, 0, 0]),
        Forgery(testDescription: "a scale of infinity", offset: 0, value: [0, 0, 0x80, 0x7f]),
        Forgery(testDescription: "a negative scale", offset: 0, value: [0, 0, 0x80, 0xbf]),
        Forgery(testDescription: "another width", offset: 4, value: [0, 1, 0, 0]),
        Forgery(testDescription: "other blocks", offset: 8, value: [0, 1, 0, 0]),
        Forgery(testDescription: "signs of another checksum", offset: 12, value: [0, 1, 0, 0]),
        Forgery(testDescription: "a centre that is not a number", offset: 64, value: [0, 0, 0xc0, 0x7f]),
        Forgery(testDescription: "another sign", offset: 64 + 64, value: [0x55]),
    ]

    @Test("are refused when they say impossible things of their codes", arguments: forgeries)
    func forged(forgery: Forgery) throws {
        let (folder, layout, path) = try forge(Self.small()) { layout in
            (layout.encodingOffset + forgery.offset, forgery.value)
        }
        #expect(layout.hasCodes)
        let expected = VectorIndexError.damaged(path: path, reason: "it says impossible things of its codes")
        #expect(DamagedFiles.searchError(path) == expected)
        #expect(DamagedFiles.verifyError(path) == expected)
        withExtendedLifetime(folder) {}
    }

    @Test(
        "fail verification when their codes are those of other vectors, and crash no search",
        arguments: [0, 768, 768 + 128 + 5], [0x7f, 0x80, 0xff] as [UInt8])
    func forgedCodes(offset: Int, byte: UInt8) throws {
        let (folder, _, path) = try forge(Self.large()) { layout in
            (layout.blocksOffset + offset, [byte, byte, byte, byte])
        }
        #expect(DamagedFiles.searchError(path) == nil)
        #expect(
            DamagedFiles.verifyError(path)
                == .damaged(path: path, reason: "the codes of rows from 0 on are not those of their vectors"))
        withExtendedLifetime(folder) {}
    }

    private func forge(
        _ snapshot: ExactSnapshot, _ change: (IndexFileLayout) -> (Int, [UInt8])
    ) throws -> (TemporaryFolder, IndexFileLayout, String) {
        let folder = try TemporaryFolder()
        let path = folder.file("forged")
        try snapshot.write(to: path)
        var bytes = try readFile(path)
        let layout = try IndexFileLayout(reading: bytes.withUnsafeBytes { UnsafeRawBufferPointer($0) }, path: path)
        let (offset, value) = change(layout)
        bytes.replaceSubrange(offset..<offset + value.count, with: value)
        DamagedFiles.sealPages(&bytes, pagesOffset: layout.pagesOffset)
        try overwrite(path, bytes)
        return (folder, layout, path)
    }

    private func overwrite(_ path: String, _ bytes: [UInt8]) throws {
        try FileSystem.remove(path)
        try writeWithoutCare(bytes, to: path)
    }
}
