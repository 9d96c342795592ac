import ModelFiles
import TestSupport
import Testing
import VectorMath

@testable import Encoders

@Suite("The weights that train")
struct TrainableWeightsTests {
    private func gradients(
        _ model: EmbeddingModel, _ batch: TokenBatch, _ part: TrainableWeights.Part, below: Matrix<Float>? = nil
    ) throws -> (vectors: Matrix<Float>, tensors: [String: Matrix<Float>]) {
        let (vectors, activations) = try model.forward(batch, part: part, below: below)
        var gradients = model.encoder.zeroGradients(of: part)
        model.backward(random(vectors.rows, vectors.columns, seed: 5), activations: activations, into: &gradients)
        return (vectors, gradients.tensors)
    }

    @Test(
        "a model of copied weights gives the same bits", arguments: [TrainableWeights.Part.everything, .lastBlocks(1)])
    func copies(part: TrainableWeights.Part) throws {
        let (model, batch) = try WideModel.make()
        let copy = model.replacing(TrainableWeights(of: model.encoder, part))
        #expect(try copy.embed(batch) == model.embed(batch))
    }

    @Test("changed weights change the vectors, and the base stays as it was")
    func changes() throws {
        let (model, batch) = try WideModel.make()
        let before = try model.embed(batch)
        var weights = TrainableWeights(of: model.encoder, .lastBlocks(1))
        #expect(weights.names.allSatisfy { $0.hasPrefix("encoder.layer.1.") })
        scale(&weights.matrices[0], by: 1.5)
        #expect(try model.replacing(weights).embed(batch) != before)
        #expect(try model.embed(batch) == before)
    }

    @Test("the last blocks' gradients are those of full training, also from the hidden states below them")
    func lastBlocks() throws {
        let (model, batch) = try WideModel.make()
        let all = try gradients(model, batch, .everything)
        let last = try gradients(model, batch, .lastBlocks(1))
        let below = try model.encoder.hiddenStates(batch, below: 1)
        let again = try gradients(model, batch, .lastBlocks(1), below: below)
        let names = TrainableWeights(of: model.encoder, .lastBlocks(1)).names
        #expect(Set(last.tensors.keys) == Set(names))
        #expect(last.vectors == all.vectors && again.vectors == all.vectors)
        for name in names {
            #expect(last.tensors[name] == all.tensors[name], "\(name)")
            #expect(again.tensors[name] == all.tensors[name], "\(name)")
        }
    }
}
