import Encoders
import Evaluation
import Files
import VectorMath

#if canImport(Glibc)
    import Glibc
#endif

/// An encoder that reads its vectors off the texts: `anything@30` is a unit vector of the plane at 30 degrees, so that
/// the cosine of two texts is that of the angle between them.
struct AngleEncoder: TextEmbedding {
    var space: SpaceIdentity { SpaceIdentity(parts: [("name", "angles")]) }

    static func cosine(_ first: String, _ second: String) -> Double { cos(angle(of: first) - angle(of: second)) }

    func encode(
        _ texts: [String], prompt: String?, maxLength: Int?, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float> {
        progress?(texts.count, texts.count)
        return Matrix(rowsOf: texts.map { [Float(cos(Self.angle(of: $0))), Float(sin(Self.angle(of: $0)))] })
    }

    func encodeQueries(
        _ texts: [String], maxLength: Int?, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float> {
        try encode(texts, prompt: nil, maxLength: maxLength, progress: progress)
    }

    func encodeDocuments(
        _ texts: [String], maxLength: Int?, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float> {
        try encode(texts, prompt: nil, maxLength: maxLength, progress: progress)
    }

    private static func angle(of text: String) -> Double {
        let digits = text.drop { $0 != "@" }.dropFirst().prefix { !$0.isWhitespace }
        return (Double(digits) ?? 0) * .pi / 180
    }
}
