import Files
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

/// What `fixtures/adapters/record.py` recorded of PEFT.
enum Recorded {
    static let folder = SharedData.fixtures + "/adapters"

    /// How far products in float32 may be from PEFT's, their values being around 1.
    static let tolerance: Float = 1e-5

    static func adapter(_ name: String) throws -> LowRankAdapter { try LowRankAdapter(path: folder + "/" + name) }

    static func tensors(_ name: String) throws -> SafetensorsFile {
        try SafetensorsFile(path: folder + "/" + name + ".safetensors")
    }

    /// A recorded matrix, as a copy.
    static func matrix(_ name: String, in file: SafetensorsFile) throws -> Matrix<Float> {
        Matrix(copying: try #require(file.tensor(name), "\(name)").matrix())
    }

    static func base() throws -> ModelFolder { try ModelFolder(path: SharedData.tinyBERT + "/model") }

    /// The linear layers of the tiny BERT, as an encoder would list them.
    static func modules() throws -> [LinearModule] {
        try base().configuration.tensorShapes.filter {
            $0.shape.count == 2 && $0.name.hasPrefix("encoder.")
        }.map {
            LinearModule(
                name: String($0.name.dropLast(".weight".count)), inputWidth: $0.shape[1], outputWidth: $0.shape[0])
        }
    }
}
