import Files
import TestSupport
import VectorMath

/// `fixtures/heads/heads.json`: what numpy and PyTorch compute.
struct RecordedHeads {
    let json: JSONValue

    init() throws { json = try JSONValue.read(SharedData.fixtures + "/heads/heads.json") }

    func matrix(_ value: JSONValue?) -> Matrix<Float> {
        Matrix(rowsOf: (value?.arrayValue ?? []).map { numbers($0).map { Float($0) } })
    }

    func matrix(_ key: String) -> Matrix<Float> { matrix(json[key]) }

    func numbers(_ value: JSONValue?) -> [Double] { (value?.arrayValue ?? []).compactMap(\.doubleValue) }
}
