import Encoders
import Evaluation
import Files
import VectorMath

/// An encoder whose vectors count words: texts that share words are near each other.
struct MadeUpEncoder: TextEmbedding {
    var dimension = 64
    /// Queries of this encoder get this word in front, as a prompt would.
    var queryPrompt = ""
    var name = "words"

    var space: SpaceIdentity { SpaceIdentity(parts: [("name", name)]) }

    func encode(
        _ texts: [String], prompt: String?, maxLength: Int?, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float> {
        if let prompt { throw .unknownPrompt(prompt, known: []) }
        progress?(texts.count, texts.count)
        return Matrix(rowsOf: texts.map(vector))
    }

    func encodeQueries(
        _ texts: [String], maxLength: Int?, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float> {
        try encode(texts.map { queryPrompt + $0 }, prompt: nil, maxLength: maxLength, progress: progress)
    }

    func encodeDocuments(
        _ texts: [String], maxLength: Int?, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float> {
        try encode(texts, prompt: nil, maxLength: maxLength, progress: progress)
    }

    private func vector(_ text: String) -> [Float] {
        var vector = [Float](repeating: 0, count: dimension)
        for word in text.split(separator: " ") {
            let place = word.utf8.reduce(5381 as UInt64) { $0 &* 33 &+ UInt64($1) } % UInt64(dimension)
            vector[Int(place)] += 1
        }
        return vector
    }
}
