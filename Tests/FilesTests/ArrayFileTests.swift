import Files
import TestSupport
import Testing

@Suite("Numpy arrays")
struct NumpyTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private let fixtures = SharedData.fixtures + "/files"
    private let values: [Float] = [0, 1, -2, 3.5, 100, -100, 0.25, 7, 1, 2, 3, 4]

    @Test("reads every type that numpy writes", arguments: ElementType.allCases)
    func reads(type: ElementType) throws {
        let array = try NumpyArray.open(fixtures + "/\(type.rawValue).npy")
        #expect(array.type == type)
        #expect(array.shape == [3, 4])
        #expect((array.rows, array.columns) == (3, 4))
        let expected: [Float] =
            switch type {
            case .float32, .float16: values
            case .uint8: values.map { $0.magnitude.rounded(.towardZero) }
            case .int8, .int32, .int64: values.map { $0.rounded(.towardZero) }
            }
        #expect(array.floats() == expected)
        #expect(array.floats(rows: 1..<2) == Array(expected[4..<8]))
    }

    @Test("reads version 2.0, vectors, single numbers, cubes and arrays without rows")
    func readsShapes() throws {
        #expect(try NumpyArray.open(fixtures + "/version2.npy").floats() == values)
        let vector = try NumpyArray.open(fixtures + "/vector.npy")
        #expect(vector.shape == [4] && vector.columns == 1 && vector.floats() == Array(values[..<4]))
        let number = try NumpyArray.open(fixtures + "/number.npy")
        #expect(number.shape == [] && number.rows == 1 && number.floats() == [2.5])
        let cube = try NumpyArray.open(fixtures + "/cube.npy")
        #expect(cube.shape == [2, 3, 4] && cube.columns == 12 && cube.floats(rows: 1..<2) == (12..<24).map(Float.init))
        let empty = try NumpyArray.open(fixtures + "/empty.npy")
        #expect(empty.shape == [0, 4] && empty.floats() == [])
    }

    @Test(
        "refuses by name what it does not read",
        arguments: [
            ("fortran", "arrays in Fortran order are not implemented"),
            ("float64", "element type '<f8' is not implemented"),
            ("bigendian", "element type '>f4' is not implemented"),
            ("complex", "element type '<c8' is not implemented"),
            ("records", ".npy header: a string expected at byte 10"),
            ("version3", ".npy version 3.0 is not implemented, only 1.0 and 2.0"),
        ])
    func refuses(name: String, reason: String) {
        let path = fixtures + "/\(name).npy"
        #expect(errorMessage { try NumpyArray.open(path) } == "\(path): \(reason)")
    }

    @Test(
        "writes byte for byte what numpy writes",
        arguments: [
            ("float32", [3, 4]), ("float16", [3, 4]), ("int8", [3, 4]), ("uint8", [3, 4]), ("int32", [3, 4]),
            ("int64", [3, 4]),
            ("vector", [4]), ("number", []), ("cube", [2, 3, 4]), ("empty", [0, 4]),
        ] as [(String, [Int])])
    func writes(name: String, shape: [Int]) throws {
        let reference = try NumpyArray.open(fixtures + "/\(name).npy")
        let bytes = try readFile(fixtures + "/\(name).npy")
        let writer = try NumpyWriter(replacing: folder.file("a.npy"), type: reference.type, shape: shape)
        for byte in bytes[reference.dataOffset...] { try writer.append([byte]) }
        try writer.commit()
        #expect(try readFile(folder.file("a.npy")) == bytes)
    }

    @Test("writes rows of floats")
    func writesRows() throws {
        try NumpyArray.write(to: folder.file("a.npy"), rows: 3, columns: 4) { Array(values[($0 * 4)..<($0 * 4 + 4)]) }
        #expect(try readFile(folder.file("a.npy")) == readFile(fixtures + "/float32.npy"))
        #expect(throws: FilesError.alreadyExists(path: folder.file("a.npy"))) {
            try NumpyArray.write(to: folder.file("a.npy"), rows: 0, columns: 4, force: false) { _ in [] }
        }
    }

    @Test("refuses an array cut short at any byte, and one with bytes to spare")
    func refusesTruncation() throws {
        let bytes = try readFile(fixtures + "/float32.npy")
        for cut in HostileFiles.truncations(of: bytes) {
            let path = try folder.write(cut, to: "cut.npy")
            #expect(throws: FilesError.self) { try NumpyArray.open(path) }
        }
        let path = try folder.write(bytes + [0], to: "long.npy")
        #expect(errorMessage { try NumpyArray.open(path) } == "\(path): 1 bytes more than its shape [3, 4] needs")
    }

    @Test("survives a header with any byte changed")
    func survivesCorruption() throws {
        let bytes = try readFile(fixtures + "/float32.npy")
        for changed in HostileFiles.corruptions(of: bytes, in: 0..<90) {
            let path = try folder.write(changed, to: "changed.npy")
            if let array = try? NumpyArray.open(path) { #expect(array.floats().count <= 12) }
        }
    }

    @Test(
        "refuses headers that lie",
        arguments: [
            "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4611686018427387904, 8), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 4), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 4), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), }",
            "{'descr': '<f4', 'fortran_order': False}", "{'descr': '<f4', 'shape': (3, 4)}",
            "{'fortran_order': False, 'shape': (3, 4)}",
            "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), 'more': 'x'}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)} x",
            "{'descr': '<f4', 'fortran_order': 0, 'shape': (3, 4)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3 4)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (" + String(repeating: "1,", count: 33) + ")}", "", "{",
            "{'descr", "[]",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (",
        ])
    func refusesLies(header: String) throws {
        let size = UInt16(header.utf8.count)
        let start: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(size & 0xFF), UInt8(size >> 8)]
        let path = try folder.write(start + Array(header.utf8) + [UInt8](repeating: 0, count: 48), to: "lie.npy")
        #expect(throws: FilesError.self) { try NumpyArray.open(path) }
    }

    @Test("refuses a shape that no file can have when writing")
    func refusesImpossibleShapes() {
        #expect(throws: FilesError.self) { try NumpyWriter(replacing: folder.file("a"), shape: [1 << 62, 8]) }
        #expect(throws: FilesError.self) { try NumpyWriter(replacing: folder.file("a"), shape: [-1]) }
    }
}

@Suite("Files of the nearest-neighbour benchmarks")
struct VectorFileTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func bytes(_ values: [Int32]) -> [UInt8] {
        values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    }

    @Test("writes and reads floats")
    func roundTrips() throws {
        let path = folder.file("a.fvecs")
        try VectorFile.writeFloats(to: path, rows: 3, columns: 2) { [Float($0), Float($0) + 0.5] }
        #expect(try readFile(path).prefix(12) == [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x3F])
        let file = try VectorFile.open(path)
        #expect((file.type, file.rows, file.columns, file.rowStride) == (.float32, 3, 2, 12))
        #expect(file.floats(rows: 0..<3) == [0, 0.5, 1, 1.5, 2, 2.5])
        #expect(file.floats(rows: 2..<3) == [2, 2.5])
    }

    @Test("reads bytes and whole numbers")
    func readsOtherTypes() throws {
        let whole = try VectorFile.open(folder.write(bytes([2, -1, 7, 2, 3, 4]), to: "a.ivecs"))
        #expect(whole.type == .int32 && whole.floats(rows: 0..<2) == [-1, 7, 3, 4])
        let small = try VectorFile.open(
            folder.write(bytes([3]) + [1, 2, 255] + bytes([3]) + [4, 5, 6], to: "a.BVECS"))
        #expect(small.type == .uint8 && small.floats(rows: 0..<2) == [1, 2, 255, 4, 5, 6])
        #expect(try VectorFile.open(folder.write([], to: "empty.fvecs")).rows == 0)
    }

    @Test(
        "refuses files that lie",
        arguments: [
            ([1], "is cut short: 8 bytes expected, 4 found"), ([0], "row 0 claims 0 numbers"),
            ([-1, 5], "row 0 claims -1 numbers"),
            ([1, 5, 2, 5], "row 1 has 2 numbers, row 0 has 1"),
            ([.max, 0, 0], "is cut short: 8589934592 bytes expected, 12 found"),
            ([2, 5, 5, 2, 5], "is cut short: 24 bytes expected, 20 found"),
        ] as [([Int32], String)])
    func refusesLies(values: [Int32], reason: String) throws {
        let path = try folder.write(bytes(values), to: "a.ivecs")
        let message = errorMessage { try VectorFile.open(path) }
        #expect(message?.hasPrefix(path) == true && message?.hasSuffix(reason) == true, "\(message ?? "accepted")")
    }

    @Test(
        "refuses a name that says nothing, a file cut inside of its first number, and rows that do not fit the format")
    func refusesOthers() throws {
        let path = try folder.write([1], to: "a.vecs")
        #expect(errorMessage { try VectorFile.open(path) } == "\(path): its name must end in .fvecs, .bvecs or .ivecs")
        #expect(throws: FilesError.self) { try VectorFile.open(folder.write([1, 0], to: "a.fvecs")) }
        #expect(throws: FilesError.self) {
            try VectorFile.writeFloats(to: folder.file("b"), rows: 1, columns: 0) { _ in [] }
        }
    }
}
