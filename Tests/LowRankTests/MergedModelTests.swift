import Files
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("Merging an adapter into its base")
struct MergedModelTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A copy of the tiny BERT's folder, with what repositories keep beside a model.
    private func base() throws -> ModelFolder {
        let source = SharedData.tinyBERT + "/model"
        for name in try FileSystem.list(source) {
            let target = folder.file("base/" + name)
            try FileSystem.makeDirectory(FileSystem.parent(of: target))
            try FileSystem.copyFile(source + "/" + name, to: target)
        }
        try folder.write("# A card", to: "base/README.md")
        try folder.write("notes", to: "base/extra/notes.txt")
        for name in ["onnx/model.onnx", "pytorch_model.bin", "tf_model.h5"] {
            try folder.write("old", to: "base/" + name)
        }
        return try ModelFolder(path: folder.file("base"))
    }

    @Test("a DoRA adapter merges as PEFT merges it")
    func mergesMagnitudes() throws {
        let merged = try MergedModel(base: try Recorded.base(), adapter: try Recorded.adapter("dora"))
        let file = try Recorded.tensors("dora_merged")
        #expect(merged.tensors.keys.sorted() == file.names && file.names.count == 3)
        for (name, matrix) in merged.tensors {
            #expect(difference(matrix, try Recorded.matrix(name, in: file)) < Recorded.tolerance, "\(name)")
        }
    }

    @Test("trained biases replace those of the base", arguments: ["bias_all", "bias_lora_only"])
    func mergesBiases(name: String) throws {
        let adapter = try Recorded.adapter(name)
        let merged = try MergedModel(base: try base(), adapter: adapter)
        for (bias, values) in adapter.biases { #expect(merged.tensors[bias]?.elements() == values) }
        #expect(merged.tensors.count == adapter.biases.count + adapter.names.count)
        try merged.write(to: folder.file("merged"))
        let read = try ModelFolder(path: folder.file("merged")).tensors()
        for (bias, values) in adapter.biases { #expect(read.tensor(named: bias)?.floats() == values) }
    }

    @Test("the merged folder has the new weights, every other file as it was, and no old copies of the weights")
    func writes() throws {
        let base = try base()
        let adapter = try Recorded.adapter("one")
        try MergedModel(base: base, adapter: adapter).write(to: folder.file("merged"))
        let old = ["onnx/model.onnx", "pytorch_model.bin", "tf_model.h5"]
        let files = try FileSystem.list(base.path)
        #expect(try FileSystem.list(folder.file("merged")) == files.filter { !old.contains($0) })
        for name in files where !old.contains(name) && name != "model.safetensors" {
            #expect(try readFile(base.path + "/" + name) == readFile(folder.file("merged/" + name)), "\(name)")
        }
        let (before, after) = (try base.tensors(), try ModelFolder(path: folder.file("merged")).tensors())
        for name in before.names {
            let (one, other) = (try #require(before.tensor(named: name)), try #require(after.tensor(named: name)))
            guard name.hasSuffix(".weight"), let pair = adapter[String(name.dropLast(".weight".count))] else {
                #expect(one.floats() == other.floats(), "\(name)")
                continue
            }
            var expected = Matrix(copying: try one.matrix())
            add(pair.deltaWeight().view, to: &expected)
            #expect(difference(Matrix(copying: try other.matrix()), expected) < Recorded.tolerance)
            #expect(one.floats() != other.floats())
        }
        #expect(throws: LowRankError.self) {
            try MergedModel(base: base, adapter: adapter).write(to: folder.file("merged"))
        }
        try MergedModel(base: base, adapter: adapter).write(to: folder.file("merged"), force: true)
    }

    @Test("unmerging returns the base, bit for bit, and the base's file was never touched")
    func unmerges() throws {
        let base = try base()
        let digest = try SHA256Digest.of(fileAt: base.weightsPath)
        let merged = try MergedModel(base: base, adapter: try Recorded.adapter("one"))
        try merged.write(to: folder.file("merged"))
        let original = try base.tensors()
        for (name, view) in try merged.unmerged() {
            let expected = try #require(original.tensor(named: name)).floats()
            #expect(zip(view.elements(), expected).allSatisfy { $0.bitPattern == $1.bitPattern })
            #expect(view.elements() != merged.tensors[name]?.elements())
        }
        #expect(try SHA256Digest.of(fileAt: base.weightsPath) == digest)
        let verification = try merged.verify(ModelFolder(path: folder.file("merged")))
        #expect(verification.isExact && verification.tensors == original.names.count)
        #expect(verification.changed == merged.tensors.keys.sorted())
    }

    @Test("a model that is not the base with the adapter is found out: another strength, another adapter, one bit")
    func findsOut() throws {
        let base = try base()
        let adapter = try Recorded.adapter("one")
        let merged = try MergedModel(base: base, adapter: adapter)
        try MergedModel(base: base, adapter: adapter, strength: 0.5).write(to: folder.file("half"))
        let half = try merged.verify(ModelFolder(path: folder.file("half")))
        #expect(!half.isExact && !half.isWithinRounding && half.different == merged.tensors.keys.sorted())
        let plain = try merged.verify(base)
        #expect(plain.different == merged.tensors.keys.sorted())

        var tensors = merged.tensors
        let name = "encoder.layer.0.attention.self.value.weight"
        let value = try #require(tensors[name])[3, 4]
        tensors[name]?[3, 4] = value.nextUp
        try base.writeSentenceTransformersFolder(to: folder.file("bit"), replacing: tensors.mapValues(\.view))
        let bit = try merged.verify(ModelFolder(path: folder.file("bit")))
        #expect(bit.different == [name] && bit.isWithinRounding && bit.largestDifference > 0)
        // A tensor that the adapter does not change is the base's to the bit.
        tensors = merged.tensors
        tensors["encoder.layer.1.output.dense.bias"] = Matrix(rows: 1, columns: 32)
        try base.writeSentenceTransformersFolder(to: folder.file("bias"), replacing: tensors.mapValues(\.view))
        #expect(
            try merged.verify(ModelFolder(path: folder.file("bias"))).different == ["encoder.layer.1.output.dense.bias"]
        )
    }

    @Test("strength 0 is the base to the bit, and -1 after 1 is the base up to rounding")
    func strengths() throws {
        let base = try base()
        let adapter = try Recorded.adapter("one")
        let none = try MergedModel(base: base, adapter: adapter, strength: 0)
        for (name, view) in try none.unmerged() { #expect(none.tensors[name]?.elements() == view.elements()) }
        #expect(throws: LowRankError.invalidSetting(name: "strength", found: "inf", expected: "a number")) {
            try MergedModel(base: base, adapter: adapter, strength: .infinity)
        }
        #expect(throws: LowRankError.self) {
            try MergedModel(base: base, adapter: try Recorded.adapter("dora"), strength: 0.5)
        }
        #expect(throws: LowRankError.self) {
            try MergedModel(base: base, adapter: try Recorded.adapter("bias_all"), strength: 0.5)
        }
    }

    @Test("an adapter of another model is refused, and what does not fit is named")
    func refusals() throws {
        let base = try base()
        func message(_ names: [String: (Int, Int)]) throws -> String? {
            let modules = names.mapValues {
                LowRankPair(a: random(2, $0.1, seed: 1), b: random($0.0, 2, seed: 2), scaling: 1)
            }
            let adapter = try LowRankAdapter(
                configuration: AdapterConfiguration(rank: 2, alpha: 2, targets: .allLinear), modules: modules)
            return errorMessage { try MergedModel(base: base, adapter: adapter) }
        }
        #expect(
            try message(["encoder.layer.7.attention.self.query": (32, 32)])
                == "\(base.weightsPath): the adapter changes 'encoder.layer.7.attention.self.query.weight', which is not there"
        )
        let query = "encoder.layer.0.attention.self.query"
        #expect(
            try message([query: (32, 31)])
                == "A of the adapter's module \(query) has shape [2, 31], the model wants [2, 32]")
        #expect(
            try message([query: (31, 32)])
                == "B of the adapter's module \(query) has shape [31, 2], the model wants [32, 2]")
        var broken = try Recorded.adapter("one")
        broken.pairs[0].b[0, 0] = .nan
        #expect(errorMessage { try MergedModel(base: base, adapter: broken) }?.contains("not finite") == true)
        // The pooler is in the file although no vector comes from it: PEFT's all-linear changes it.
        #expect(try message(["pooler.dense": (32, 32)]) == nil)
    }
}
