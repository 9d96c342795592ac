import Files
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("Safetensors files")
struct SafetensorsFileTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private let types = SharedData.fixtures + "/files/types.safetensors"
    private let values: [Float] = [0, 1, -2, 3.5, 100, -100, 0.25, 7, 1, 2, 3, 4]

    /// A file made of a header's text and some bytes.
    private func write(header: String, claiming size: UInt64? = nil, data: Int = 0) throws -> String {
        let text = Array(header.utf8)
        let start = withUnsafeBytes(of: (size ?? UInt64(text.count)).littleEndian) { Array($0) }
        return try folder.write(start + text + [UInt8](repeating: 0, count: data), to: "a.safetensors")
    }

    @Test("reads what the reference library wrote")
    func readsReference() throws {
        let file = try SafetensorsFile(path: SharedData.tinyBERT + "/model/model.safetensors")
        #expect(file.metadata == ["format": "pt"])
        let table = try file.require("embeddings.word_embeddings.weight", shape: [200, 32])
        #expect(table.type == .float32)
        #expect(try table.matrix().elements() == table.floats())
    }

    @Test("converts every type that it writes")
    func converts() throws {
        let file = try SafetensorsFile(path: types)
        #expect(file.names == ["a.weight", "b.weight", "brain", "empty", "half", "ids", "quoted \"näme\"\n"])
        #expect(file.tensor("b.weight")?.floats() == values)
        #expect(file.tensor("half")?.floats() == values)
        let expected = try JSONValue.read(SharedData.fixtures + "/files/types.json")["brain"]?.arrayValue?.flatMap {
            $0.arrayValue?.compactMap { $0.doubleValue.map { Float($0) } } ?? []
        }
        #expect(file.tensor("brain")?.floats() == expected)
        #expect(file.tensor("ids")?.integers() == [0, 1, 2, 3, 4])
        #expect(file.tensor("ids")?.floats() == [0, 1, 2, 3, 4])
        #expect(file.tensor("empty")?.floats() == [])
        #expect(file.tensor("none") == nil)
    }

    @Test(
        "converts the types that other programs write",
        arguments: [
            ("BOOL", [0, 1], [0, 1]), ("U8", [0, 255], [0, 255]), ("I8", [0, 255], [0, -1]),
            ("I16", [0xFF, 0xFF, 1, 2], [-1, 513]), ("U16", [0xFF, 0xFF, 1, 2], [65535, 513]),
            ("I32", [0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0], [-1, 1]), ("U32", [0, 0, 0, 0x80, 1, 0, 0, 0], [0x1p31, 1]),
            ("U64", [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0], [1, 2]),
            ("F64", [0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0], [1.5, -2]),
            ("F16", [0, 0x3E, 0, 0xC0], [1.5, -2]), ("BF16", [0xC0, 0x3F, 0, 0xC0], [1.5, -2]),
        ] as [(String, [UInt8], [Float])])
    func convertsOthers(type: String, bytes: [UInt8], floats: [Float]) throws {
        // At an odd address too.
        for pad in ["", " "] {
            let header = "{\"x\":{\"dtype\":\"\(type)\",\"shape\":[2],\"data_offsets\":[0,\(bytes.count)]}}" + pad
            let path = try folder.write(
                withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8) + bytes,
                to: "a.safetensors")
            let tensor = try SafetensorsFile(path: path).require("x", shape: [2])
            #expect(tensor.floats() == floats)
            #expect(try tensor.matrix().row(0) == floats)
            #expect(type == "F64" || type == "F16" || type == "BF16" || tensor.integers() == floats.map { Int($0) })
        }
    }

    @Test("a vector becomes a matrix of one row, and nothing else becomes a matrix")
    func makesMatrices() throws {
        var writer = SafetensorsWriter()
        writer.add("vector", shape: [3], floats: [1, 2, 3])
        writer.add("cube", shape: [1, 1, 1], floats: [1])
        writer.add("number", shape: [], floats: [1])
        writer.add("none", shape: [0, 3], floats: [])
        try writer.write(to: folder.file("a"))
        let file = try SafetensorsFile(path: folder.file("a"))
        let vector = try #require(try file.tensor("vector")?.matrix())
        #expect((vector.rows, vector.columns) == (1, 3) && vector.row(0) == [1, 2, 3])
        #expect(throws: ModelFilesError.self) { try file.tensor("cube")?.matrix() }
        #expect(throws: ModelFilesError.self) { try file.tensor("number")?.matrix() }
        #expect(try file.tensor("none")?.matrix().rows == 0)
        #expect(throws: ModelFilesError.missingTensor(path: file.path, name: "x")) { try file.require("x", shape: []) }
        #expect(
            throws: ModelFilesError.wrongShape(path: file.path, tensor: "vector", expected: [1, 3], found: [3])
        ) { try file.require("vector", shape: [1, 3]) }
    }

    @Test("a matrix keeps its file mapped")
    func keepsFileMapped() throws {
        func matrix() throws -> MatrixView<Float> {
            try SafetensorsFile(path: types).require("b.weight", shape: [3, 4]).matrix()
        }
        #expect(try matrix().elements() == values)
    }

    // MARK: Writing

    @Test("writes byte for byte what the reference library writes")
    func writesReference() throws {
        let reference = try SafetensorsFile(path: types)
        var writer = SafetensorsWriter()
        for name in ["half", "b.weight", "ids", "empty", "a.weight", "brain", "quoted \"näme\"\n"] {
            let tensor = try #require(reference.tensor(name))
            if tensor.type == .int64 {
                writer.add(name, shape: tensor.shape, integers: tensor.integers().map { Int64($0) })
            } else if tensor.shape.count == 2 {
                writer.add(name, matrix: try tensor.matrix(), as: tensor.type)
            } else {
                writer.add(name, shape: tensor.shape, floats: tensor.floats(), as: tensor.type)
            }
        }
        try writer.write(to: folder.file("a"))
        #expect(try readFile(folder.file("a")) == readFile(types))

        var plain = SafetensorsWriter()
        plain.add("only", shape: [3, 4], floats: values)
        try plain.write(to: folder.file("b"), metadata: [:])
        #expect(try readFile(folder.file("b")) == readFile(SharedData.fixtures + "/files/plain.safetensors"))
    }

    @Test("copies tensors of other files as they are")
    func copies() throws {
        let model = SharedData.tinyBERT + "/model/model.safetensors"
        let file = try SafetensorsFile(path: model)
        var writer = SafetensorsWriter()
        for name in file.names.reversed() { writer.add(try #require(file.tensor(name))) }
        try writer.write(to: folder.file("a"))
        #expect(try readFile(folder.file("a")) == readFile(model))
    }

    @Test("rounds to the nearest when it writes 16 bits", arguments: [TensorType.float16, .bfloat16])
    func rounds(type: TensorType) throws {
        let numbers: [Float] = [1.0001, 3.14159, -1e-3, 65504, 0.1, .infinity]
        var writer = SafetensorsWriter()
        writer.add("x", shape: [6], floats: numbers, as: type)
        try writer.write(to: folder.file("a"))
        let expected = numbers.map { type == .float16 ? Float(Float16($0)) : Float(BFloat16($0)) }
        #expect(try SafetensorsFile(path: folder.file("a")).tensor("x")?.floats() == expected)
    }

    @Test("a file without tensors is written and read")
    func writesNothing() throws {
        try SafetensorsWriter().write(to: folder.file("a"), metadata: [:])
        #expect(try SafetensorsFile(path: folder.file("a")).names == [])
    }

    // MARK: Hostile files

    @Test("refuses a file cut short at any byte, and one with bytes to spare")
    func refusesTruncation() throws {
        let bytes = try readFile(types)
        for cut in HostileFiles.truncations(of: bytes) {
            let path = try folder.write(cut, to: "cut")
            #expect(throws: ModelFilesError.self) { try SafetensorsFile(path: path) }
        }
        let path = try folder.write(bytes + [0], to: "long")
        #expect(errorMessage { try SafetensorsFile(path: path) } == "\(path): 1 bytes after the last tensor")
    }

    @Test("survives a header with any byte changed")
    func survivesCorruption() throws {
        let bytes = try readFile(types)
        for changed in HostileFiles.corruptions(of: bytes, in: 0..<488) {
            let path = try folder.write(changed, to: "changed")
            guard let file = try? SafetensorsFile(path: path) else { continue }
            for name in file.names { #expect(file.tensor(name)?.floats().count == file.tensor(name)?.count) }
        }
    }

    @Test(
        "refuses a header that claims more bytes than the file has, or than any header may have",
        arguments: [
            (16, "is cut short: 24 bytes expected, 10 found"),
            (100_000_000, "is cut short: 100000008 bytes expected, 10 found"),
            (100_000_001, "its header claims 100000001 bytes, the limit is 100000000: no safetensors?"),
            (.max, "its header claims 18446744073709551615 bytes, the limit is 100000000: no safetensors?"),
        ] as [(UInt64, String)])
    func refusesLargeHeaders(size: UInt64, reason: String) throws {
        let path = try write(header: "{}", claiming: size)
        let message = errorMessage { try SafetensorsFile(path: path) }
        #expect(message?.hasSuffix(reason) == true, "\(message ?? "accepted")")
    }

    @Test(
        "refuses headers that lie",
        arguments: [
            ("", "its header does not begin with '{': no safetensors?"),
            ("[]", "its header does not begin with '{': no safetensors?"),
            (" {}", "its header does not begin with '{': no safetensors?"),
            ("{", "it ends too early at byte 1 of the line"),
            (
                #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
                "tensor 'x': shape [2] of F32 takes 8 bytes, its data_offsets give 4"
            ),
            (
                #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}}"#,
                "tensor 'x': shape [2] of F32 takes 8 bytes, its data_offsets give 16"
            ),
            (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, "tensor 'x': its data_offsets are no range"),
            (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, "tensor 'x': its data_offsets are no range"),
            (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, "tensor 'x': its data_offsets are no range"),
            (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8.5]}}"#, "tensor 'x': its data_offsets are no range"),
            (
                #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,1e300]}}"#,
                "tensor 'x': its data_offsets are no range"
            ),
            (#"{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, "tensor 'x': its shape is no list of sizes"),
            (#"{"x":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}"#, "tensor 'x': its shape is no list of sizes"),
            (#"{"x":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}"#, "tensor 'x': its shape is no list of sizes"),
            (
                #"{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#,
                "tensor 'x': its shape [4611686018427387904, 4] is impossible"
            ),
            (
                #"{"x":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807,0],"data_offsets":[0,8]}}"#,
                "tensor 'x': its shape [9223372036854775807, 9223372036854775807, 0] is impossible"
            ),
            (#"{"x":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}}"#, "dtype 'Q4' of tensor 'x' is not implemented"),
            (#"{"x":{"dtype":32,"shape":[2],"data_offsets":[0,8]}}"#, "tensor 'x': its dtype is no string"),
            (
                #"{"x":{"dtype":"F32","shape":[2]}}"#,
                #"tensor 'x': the keys dtype, shape and data_offsets expected, ["dtype", "shape"] found"#
            ),
            (#"{"x":5}"#, "tensor 'x': a number instead of an object"),
            (#"{"__metadata__":[]}"#, "its __metadata__ is an array, not an object"),
            (#"{"__metadata__":{"a":1}}"#, "'a' of its __metadata__ is a number, not a string"),
            (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "tensor 'x' leaves a hole before it"),
            (
                #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
                "tensor 'y' overlaps the one before"
            ),
            (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, "4 bytes after the last tensor"),
            (#"{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#, "is cut short: 12 bytes expected, 8 found"),
            (
                #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}"#,
                "its header has the same key twice"
            ),
            (
                #"{"x":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]}}"#,
                "its header has the same key twice"
            ),
        ])
    func refusesLies(header: String, reason: String) throws {
        let path = try write(header: header, data: 8)
        let message = errorMessage { try SafetensorsFile(path: path) }
        #expect(message?.hasSuffix(reason) == true, "\(message ?? "accepted")")
        #expect(message?.hasPrefix(path) == true)
    }

    @Test("names are texts: colons, quotes and brackets in them are no syntax")
    func readsOddNames() throws {
        let path = try write(header: #"{"a:\"{\\":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: 8)
        #expect(try SafetensorsFile(path: path).names == ["a:\"{\\"])
    }
}
