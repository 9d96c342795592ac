import Encoders
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("Inference")
struct InferenceTests {
    /// The largest difference of one hidden state to the training pass, by precision: states are about 1.
    static let differences: [Precision: Double] = [.f32: 1e-5, .bf16: 0.08, .int8: 0.25]
    /// The lowest cosine of a vector of the real model with its vector in float32.
    static let cosines: [Precision: Double] = [.f32: 1, .bf16: 0.9998, .int8: 0.97]

    /// The hidden states of a batch by the passes for inference.
    private func states(
        _ model: EmbeddingModel, _ batch: TokenBatch, _ precision: Precision, adapter: LowRankAdapter? = nil
    ) throws -> Matrix<Float> {
        let encoder = model.inferenceEncoder(precision)
        return encoder.hiddenStates(batch, adapter: encoder.bind(try model.encoder.bind(adapter)))
    }

    @Test("gives the hidden states of the training pass, with and without an adapter", arguments: Precision.allCases)
    func agrees(precision: Precision) throws {
        let (model, batch) = try WideModel.make()
        for adapter in [nil, try WideModel.adapter(of: model)] {
            let expected = try model.encoder.forward(batch, adapter: adapter)
            let found = try states(model, batch, precision, adapter: adapter)
            #expect(largestDifference(found.elements(), expected.elements()) <= Self.differences[precision]!)
        }
    }

    @Test("gives the same bits for any number of threads", arguments: Precision.allCases)
    func threads(precision: Precision) throws {
        let (model, batch) = try WideModel.make()
        let adapter = try WideModel.adapter(of: model)
        let one = try ThreadPool.withWidth(1) { try states(model, batch, precision, adapter: adapter) }
        for width in [2, 3, 5] {
            #expect(try ThreadPool.withWidth(width) { try states(model, batch, precision, adapter: adapter) } == one)
        }
    }

    @Test("gives a text the same bits in any company", arguments: Precision.allCases)
    func company(precision: Precision) throws {
        let (model, batch) = try WideModel.make()
        let adapter = try WideModel.adapter(of: model)
        let all = try states(model, batch, precision, adapter: adapter)
        for text in [0, 7, 20, 47] {
            let range = batch.range(of: text)
            let alone = try states(model, TokenBatch([Array(batch.ids[range])]), precision, adapter: adapter)
            #expect(alone == Matrix(copying: all[rows: range]))
        }
    }

    @Test(
        "of the real model in reduced precision gives nearly the vectors of float32",
        .enabled(if: SharedData.hasMiniLM), arguments: [Precision.bf16, .int8])
    func reducedPrecision(precision: Precision) throws {
        let folder = try ModelFolder(path: SharedData.miniLM)
        let texts = (0..<40).map { "Text number \($0) says \(String(repeating: "something longer, ", count: $0 % 13))" }
        let full = try TextEncoder(model: folder).encode(texts)
        let encoder = try TextEncoder(model: folder, precision: precision)
        #expect(encoder.recipe.contains("precision=\(precision.rawValue)"))
        let reduced = try encoder.encode(texts)
        for row in texts.indices {
            let cosine = zip(full.row(row), reduced.row(row)).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            #expect(cosine >= Self.cosines[precision]!)
        }
        #expect(full != reduced)
    }
}
