import { sqsServiceContract } from "../contract/sqs-service-contract.ts";
import { localstackUrl } from "./localstack-url.ts";

sqsServiceContract("sqs of LocalStack", () => ({ endpoint: localstackUrl() }), { takesLateChanges: true });
