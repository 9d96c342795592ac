import Attune
import Glibc

/// Vectors as the tool writes them: `.npy` with a side-car that names their space, `.fvecs`, or `.npy` on stdout.
enum VectorOutput {
    enum Format {
        case numpy, fvecs

        init?(path: String) {
            switch FileSystem.fileExtension(of: path) {
            case "npy": self = .numpy
            case "fvecs": self = .fvecs
            default: return nil
            }
        }
    }

    static func write(_ vectors: Matrix<Float>, to path: String, encoder: TextEncoder, force: Bool) throws {
        guard path != "-" else { return try writeToStandardOutput(vectors) }
        switch Format(path: path) {
        case .fvecs?:
            try VectorFile.writeFloats(
                to: path, rows: vectors.rows, columns: vectors.columns, force: force
            ) { vectors.row($0) }
        case .numpy?, nil:
            try NumpyArray.write(
                to: path, rows: vectors.rows, columns: vectors.columns, force: force
            ) { vectors.row($0) }
        }
        let card: JSONValue = [
            "space": .string(encoder.space.digest), "recipe": .string(encoder.recipe),
            "texts": .integer(Int64(vectors.rows)), "dimension": .integer(Int64(vectors.columns)),
        ]
        try writeFile(card.serialized(pretty: true) + "\n", to: cardPath(for: path), force: force)
    }

    /// The side-car of a file of vectors.
    static func cardPath(for path: String) -> String { path + ".json" }

    private static func writeToStandardOutput(_ vectors: Matrix<Float>) throws {
        var bytes = NumpyWriter.header(type: .float32, shape: [vectors.rows, vectors.columns])
        for row in 0..<vectors.rows { vectors.row(row).withUnsafeBytes { bytes.append(contentsOf: $0) } }
        try bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = Glibc.write(STDOUT_FILENO, bytes.baseAddress! + done, bytes.count - done)
                guard count > 0 else {
                    throw FilesError.cannotWrite(path: "stdout", reason: String(cString: strerror(errno)))
                }
                done += count
            }
        }
    }
}
