internal import Files

/// Where tests find what is not in the package: the shared data sets and the real model.
///
/// Tests that need either carry `.enabled(if: SharedData.exists("stsb"))`, so that they are skipped visibly where it is absent.
public enum SharedData {
    /// The folder of data sets: `$ATTUNE_SHARED_DATA`, else `../shared/data` beside the package.
    public static let folder = FileSystem.environment("ATTUNE_SHARED_DATA") ?? packageRoot + "/../shared/data"

    /// The folder of all-MiniLM-L6-v2: `$ATTUNE_TEST_MODEL`, else where `make test` puts it.
    public static let miniLM =
        FileSystem.environment("ATTUNE_TEST_MODEL")
        ?? packageRoot + "/.cache/models/sentence-transformers/all-MiniLM-L6-v2"

    /// The folder of this package's own fixtures.
    public static let fixtures = packageRoot + "/fixtures"

    /// The folder of the tiny BERT: `model/`, `peft_adapter/` and what PyTorch computes with them.
    public static let tinyBERT = fixtures + "/models/tiny-bert"

    /// Whether the real model is there.
    public static let hasMiniLM = FileSystem.isFile(miniLM + "/model.safetensors")

    /// Whether a path is there in the folder of data sets.
    public static func exists(_ path: String) -> Bool { FileSystem.exists(folder + "/" + path) }

    private static let packageRoot: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        return parts.joined(separator: "/")
    }()
}
