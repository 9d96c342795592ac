import Encoders
import LowRank
import ModelFiles
import TestSupport
import Tokenization
import VectorMath

/// Tensors that PyTorch recorded, most of them twice: in float32 and, with the ending `_f64`, in float64.
struct Golden {
    let file: SafetensorsFile

    init(_ name: String) throws {
        self.init(file: try SafetensorsFile(path: SharedData.tinyBERT + "/" + name + ".safetensors"))
    }

    init(file: SafetensorsFile) { self.file = file }

    /// How many times PyTorch's own rounding error ours may be: the order of sums differs.
    static let allowance = 8.0

    func callAsFunction(_ name: String) -> [Float] { file.tensor(name)!.floats() }

    func shape(_ name: String) -> [Int] { file.tensor(name)!.shape }

    func matrix(_ name: String) throws -> Matrix<Float> { Matrix(copying: try file.tensor(name)!.matrix()) }

    /// What may part `found` from the tensor in float64: a multiple of what parts PyTorch's float32 from it, at least that of a
    /// float's last bit at the largest value.
    func tolerance(_ name: String) -> Double {
        let exact = self(name + "_f64")
        let unit = Double(exact.reduce(0) { max($0, abs($1)) }) * 6e-8
        return Self.allowance * max(largestDifference(self(name), exact), unit)
    }

    /// The largest difference from the tensor in float64, in multiples of what is tolerated: at most 1 is right.
    func excess(_ found: [Float], _ name: String, relative: Double = 0) -> Double {
        let exact = self(name + "_f64")
        let largest = Double(exact.reduce(0) { max($0, abs($1)) })
        return largestDifference(found, exact) / max(tolerance(name), relative * largest)
    }

    /// The token rows of a padded tensor `[B, S, D]`, without the padding.
    func unpadded(_ name: String, _ lengths: [Int]) -> [Float] {
        let (values, shape) = (self(name), shape(name))
        let (padded, width) = (shape[1], shape[2])
        return lengths.enumerated().flatMap { text, length in
            values[text * padded * width..<(text * padded + length) * width]
        }
    }
}

/// The tiny BERT whose tensors are recorded.
struct TinyBERT {
    /// The lengths of the recorded batch.
    static let lengths = [1, 2, 3, 5, 8, 11, 16, 17]
    static let path = SharedData.tinyBERT + "/model"

    static func tensors() throws -> [String: Matrix<Float>] {
        let file = try SafetensorsFile(path: path + "/model.safetensors")
        return try Dictionary(
            uniqueKeysWithValues: file.names.map { ($0, Matrix(copying: try file.tensor($0)!.matrix())) })
    }

    static func encoder(_ tensors: [String: Matrix<Float>]) throws -> BERTEncoder {
        try BERTEncoder(configuration: TransformerConfiguration(path: path + "/config.json")) { name, _ in
            tensors[name]!.view
        }
    }

    static func model(_ tensors: [String: Matrix<Float>]? = nil) throws -> EmbeddingModel {
        EmbeddingModel(
            tokenizer: try Tokenizer(path: path + "/tokenizer.json"), encoder: try encoder(tensors ?? self.tensors()),
            pooling: Pooling(modes: [.mean]), normalizes: true, maxLength: 32)
    }

    /// The recorded batch: four anchors, then their positives.
    static func batch() throws -> TokenBatch {
        let golden = try Golden("forward")
        let ids = golden.file.tensor("input_ids")!
        let all = ids.integers().map { Int32($0) }
        return TokenBatch(lengths.enumerated().map { Array(all[$0 * ids.shape[1]..<$0 * ids.shape[1] + $1]) })
    }

    /// The recorded adapter on query and value, B not zero.
    static func adapter() throws -> LowRankAdapter {
        let golden = try Golden("grads_lora")
        var modules: [String: LowRankPair] = [:]
        for layer in 0..<2 {
            for part in ["query", "value"] {
                let name = "encoder.layer.\(layer).attention.self.\(part)"
                modules[name] = LowRankPair(
                    a: try golden.matrix(name + ".A"), b: try golden.matrix(name + ".B"), scaling: 2)
            }
        }
        let configuration = AdapterConfiguration(rank: 4, alpha: 8, targets: .attention)
        return try LowRankAdapter(configuration: configuration, modules: modules)
    }
}

/// Multiple negatives ranking with scale 20 on normalised vectors, as recorded: rows 0..<n are anchors, n..<2n their positives.
func rankingLoss(_ vectors: Matrix<Float>) -> (loss: Double, gradient: Matrix<Float>) {
    let (n, width) = (vectors.rows / 2, vectors.columns)
    let rows = (0..<2 * n).map { vectors.row($0).map(Double.init) }
    var gradient = [[Double]](repeating: [Double](repeating: 0, count: width), count: 2 * n)
    var loss = 0.0
    for i in 0..<n {
        let scores = (0..<n).map { j in 20 * zip(rows[i], rows[n + j]).reduce(0) { $0 + $1.0 * $1.1 } }
        let largest = scores.max()!
        let sum = scores.reduce(0) { $0 + exponential($1 - largest) }
        loss -= (scores[i] - largest - logarithm(sum)) / Double(n)
        for j in 0..<n {
            let weight = (exponential(scores[j] - largest) / sum - (i == j ? 1 : 0)) * 20 / Double(n)
            for k in 0..<width {
                gradient[i][k] += weight * rows[n + j][k]
                gradient[n + j][k] += weight * rows[i][k]
            }
        }
    }
    return (loss, Matrix(rowsOf: gradient.map { $0.map(Float.init) }))
}
