import Files
import ModelFiles
import TestSupport
import Testing
import VectorMath

@testable import LowRank

@Suite("Heads on embeddings")
struct EmbeddingHeadTests {
    /// Both sides compute in float32.
    static let recorded = Tolerance(absolute: 2e-6, relative: 1e-5)
    /// A central difference of float32 sums.
    static let differences = Tolerance(absolute: 2e-3, relative: 2e-2)

    let file: RecordedHeads

    init() throws { file = try RecordedHeads() }

    private func head(_ kind: EmbeddingHead.Kind) throws -> EmbeddingHead {
        let matrices = file.json["heads"]?[kind.rawValue]?["matrices"]?.arrayValue ?? []
        return try EmbeddingHead(kind, matrices: matrices.map { file.matrix($0) })
    }

    @Test("map as PyTorch's modules do", arguments: EmbeddingHead.Kind.allCases)
    func pytorch(kind: EmbeddingHead.Kind) throws {
        let expected = file.matrix(file.json["heads"]?[kind.rawValue]?["mapped"])
        let mapped = try head(kind)(file.matrix("queries").view)
        #expect(difference(mapped.elements(), expected.elements(), within: Self.recorded) == nil)
        #expect(mapped.rows == 6)
    }

    @Test("give the gradients of their own differences", arguments: EmbeddingHead.Kind.allCases)
    func finiteDifferences(kind: EmbeddingHead.Kind) throws {
        let head = try head(kind)
        let x = random(5, head.inputWidth, seed: 1)
        let weights = random(5, head.outputWidth, seed: 2)
        func loss(_ head: EmbeddingHead) -> Double {
            zip(head.forward(x.view).output.elements(), weights.elements()).reduce(0) {
                $0 + Double($1.0) * Double($1.1)
            }
        }
        let gradients = head.backward(weights.view, x.view, head.forward(x.view).saved)
        #expect(gradients.map(\.rows) == head.matrices.map(\.rows))
        for index in head.matrices.indices {
            for row in 0..<head.matrices[index].rows {
                for column in 0..<head.matrices[index].columns {
                    var (above, below) = (head, head)
                    above.matrices[index][row, column] += 1e-2
                    below.matrices[index][row, column] -= 1e-2
                    let slope = (loss(above) - loss(below)) / 2e-2
                    let found = Double(gradients[index][row, column])
                    #expect(Self.differences.accepts(found, slope), "\(index) \(row) \(column): \(found), \(slope)")
                }
            }
        }
    }

    @Test("begin as the identity, the same for a seed and another for another", arguments: EmbeddingHead.Kind.allCases)
    func identityStart(kind: EmbeddingHead.Kind) {
        let head = EmbeddingHead(identity: kind, width: 12, inner: 4, seed: 3)
        var x = random(7, 12, seed: 4)
        _ = normalizeRows(&x)
        #expect(difference(head(x.view), x) < 1e-6)
        #expect(head == EmbeddingHead(identity: kind, width: 12, inner: 4, seed: 3))
        #expect((head == EmbeddingHead(identity: kind, width: 12, inner: 4, seed: 5)) == (kind == .linear))
        #expect(head.parameterCount == [.linear: 156, .lowRank: 108, .twoLayer: 112][kind])
        #expect(head.innerWidth == (kind == .linear ? nil : 4))
    }

    @Test("a low-rank head is the linear one that its product makes; two layers are none")
    func multipliesOut() throws {
        let head = try head(.lowRank)
        let x = file.matrix("queries")
        let linear = EmbeddingHead(try #require(head.map))
        #expect(difference(linear(x.view), head(x.view)) < 1e-6)
        #expect(try self.head(.twoLayer).map == nil)
    }

    // MARK: As modules

    /// What sentence-transformers computes of a model's steps.
    private func run(_ steps: [ModelTail.Step], _ x: Matrix<Float>) -> Matrix<Float> {
        steps.reduce(x) { x, step in
            guard case .dense(let module) = step else {
                var x = x
                _ = normalizeRows(&x)
                return x
            }
            let y = AffineMap(weight: module.weight, bias: module.bias)(x.view)
            guard module.activation == .gelu else { return y }
            var active = y
            gelu(y.view, .exact, into: &active)
            return active
        }
    }

    @Test("are Dense modules that compute the same, also two layers", arguments: EmbeddingHead.Kind.allCases)
    func modules(kind: EmbeddingHead.Kind) throws {
        let head = try head(kind)
        let x = file.matrix("queries")
        let steps = head.steps
        #expect(steps.count == (kind == .twoLayer ? 3 : 2) && steps.last == .normalize)
        #expect(difference(run(steps, x), head(x.view)) < 2e-6)
        let back = try EmbeddingHead.head(of: steps, width: 8, normalized: true, path: "m")
        #expect(back == (kind == .lowRank ? head.map.map { EmbeddingHead($0) } : head))
    }

    @Test("steps that change nothing but lengths are no head")
    func noHead() throws {
        let same = ModelTail.Step.dense(DenseModule(weight: AffineMap.identity(4).weight, bias: nil))
        for steps in [[], [.normalize], [same], [same, .normalize]] {
            #expect(try EmbeddingHead.head(of: steps, width: 4, normalized: true, path: "m") == nil)
        }
        let tail = try head(.linear).tail(for: .query, normalizes: false)
        #expect(try EmbeddingHead.head(of: tail.document, width: 8, normalized: false, path: "m") == nil)
        #expect(tail.query.count == 2)
    }

    @Test("steps that no head makes are refused by name")
    func foreignSteps() {
        let wide = ModelTail.Step.dense(DenseModule(weight: random(6, 4, seed: 6), bias: nil))
        let square = ModelTail.Step.dense(DenseModule(weight: random(4, 4, seed: 7), bias: nil))
        let active = ModelTail.Step.dense(DenseModule(weight: random(4, 4, seed: 7), bias: nil, activation: .gelu))
        for (steps, reason) in [
            ([wide, .normalize], "a Dense module from 4 to 6 numbers"),
            ([square], "a Dense module without Normalize behind it"),
            ([square, square, .normalize], "this sequence of Dense modules"),
            ([active, .normalize], "this sequence of Dense modules"),
            ([square, .normalize, square, .normalize], "Normalize between or before Dense modules"),
        ] as [([ModelTail.Step], String)] {
            #expect(
                errorMessage { try EmbeddingHead.head(of: steps, width: 4, normalized: true, path: "m") }
                    == "m: \(reason) is not implemented")
        }
        #expect(
            errorMessage {
                try EmbeddingHead.head(of: [.normalize, square, .normalize], width: 4, normalized: false, path: "m")
            } != nil)
    }

    // MARK: Files

    private func folder(_ head: EmbeddingHead, side: HeadSide = .query) throws -> HeadFolder {
        let (a, b) = (SpaceIdentity(parts: [("a", "1")]), SpaceIdentity(parts: [("b", "2")]))
        return HeadFolder(
            head, side: side, source: a, target: side == .both ? nil : b, baseModel: "org/model", adapter: "runs/x",
            record: ["recall": 0.5])
    }

    @Test("come back from their files as they were", arguments: EmbeddingHead.Kind.allCases, HeadSide.allCases)
    func files(kind: EmbeddingHead.Kind, side: HeadSide) throws {
        let place = try TemporaryFolder()
        let written = try folder(try head(kind), side: side)
        try written.write(to: place.file("head"))
        #expect(try place.files == ["head/head.safetensors", "head/head_config.json"])
        #expect(HeadFolder.isPresent(in: place.file("head")) && !HeadFolder.isPresent(in: place.path))
        let read = try HeadFolder(path: place.file("head"))
        #expect(read.head == written.head && read.side == side && read.source == written.source)
        #expect(read.target == written.target && read.baseModel == "org/model" && read.adapter == "runs/x")
        #expect(read.record == ["recall": 0.5])
        #expect(errorMessage { try written.write(to: place.file("head")) }?.contains("exists") == true)
        try written.write(to: place.file("head"), force: true)
    }

    @Test("damaged files are refused with the file and the key or the tensor")
    func damaged() throws {
        let place = try TemporaryFolder()
        let path = place.file("head")
        try folder(try head(.lowRank)).write(to: path)
        let config = path + "/head_config.json"
        let json = try JSONValue.read(config).objectValue ?? [:]
        for (key, value, reason) in [
            ("format", 2, "format 2 of a head's files is not implemented"),
            ("format", nil, "'format' is no number"),
            ("kind", "cubic", "a head of kind 'cubic' is not implemented"),
            ("side", "left", "a head for the side 'left' is not implemented"),
            ("source_space", "12", "'source_space' is no digest: 12"),
            ("target_space", nil, "'target_space' is no text"),
        ] as [(String, JSONValue?, String)] {
            var other = json
            other[key] = value
            try writeFile(JSONValue.object(other).serialized(), to: config)
            #expect(errorMessage { try HeadFolder(path: path) } == "\(config): \(reason)")
        }
        try writeFile(JSONValue.object(json).serialized(), to: config)
        let tensors = path + "/head.safetensors"
        func write(_ matrices: [(String, Matrix<Float>)]) throws {
            var writer = SafetensorsWriter()
            for (name, matrix) in matrices { writer.add(name, matrix: matrix.view) }
            try writer.write(to: tensors)
        }
        let (down, up, bias) = (random(2, 5, seed: 8), random(5, 2, seed: 9), random(1, 5, seed: 10))
        try write([("down", down), ("up", up)])
        #expect(errorMessage { try HeadFolder(path: path) } == "\(tensors): tensor 'bias' is missing")
        try write([("down", down), ("up", up), ("bias", bias), ("more", bias)])
        #expect(
            errorMessage { try HeadFolder(path: path) } == "\(tensors): tensor 'more' has no place in this model")
        try write([("down", down), ("up", random(4, 2, seed: 11)), ("bias", bias)])
        #expect(
            errorMessage { try HeadFolder(path: path) }
                == "\(tensors): a low-rank head: its up is [4, 2], [5, 2] expected")
        var broken = bias
        broken[0, 0] = .nan
        try write([("down", down), ("up", up), ("bias", broken)])
        #expect(
            errorMessage { try HeadFolder(path: path) }
                == "\(tensors): tensor 'bias' holds a value that is not finite")
        let bytes = try readFile(tensors)
        for cut in [0, 7, 40, bytes.count - 1] {
            try writeFile(Array(bytes[..<cut]), to: tensors)
            #expect(throws: LowRankError.self) { try HeadFolder(path: path) }
        }
        #expect(throws: LowRankError.self) { try HeadFolder(path: place.path) }
    }
}
